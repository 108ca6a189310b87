"""The reference engine holds BLAS to one thread where products are small."""

from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from chainrule import Network
from chainrule.engines import reference


def threads():
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.mark.parametrize(("widths", "during"), [([4, 3, 2], {1}), ([700, 600, 2], {2})])
def test_threads_while_training(widths, during, monkeypatch):
    X, y = np.ones((10, widths[0])), [0, 1] * 5
    seen, steps = [], reference.step_gradients
    with threadpool_limits(2, "blas"):
        if threads() != {2}:
            pytest.skip("this BLAS does not let its threads be set to two")
        monkeypatch.setattr(reference, "step_gradients", lambda *args: seen.append(threads()) or steps(*args))
        Network(widths, seed=0, engine="reference").fit(X, y, epochs=1)
        assert threads() == {2}
    assert seen == [during]
