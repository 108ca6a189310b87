"""A thousand steps on both engines: what rounding makes of them, and no more."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.engines.llvm.engine import LlvmEngine
from chainrule.engines.reference import ReferenceEngine
from chainrule.equations.optimizers import OPTIMIZERS, adam, adamw, rmsprop
from tests.engines.claims import distance, examples, parameters, take, task

STEADY = {"rmsprop": rmsprop, "adam": adam, "adamw": adamw}
"""With a usual ε these divide rounding errors of tiny gradients by as little; ε = 0.01 asks for the code."""


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_thousand_steps(name, dtype):
    """Rates are small, so that steps do not amplify differences: they add up at most 1,000 roundings."""
    optimizer = STEADY[name](epsilon=0.01) if name in STEADY else OPTIMIZERS[name]()
    widths, rate = (17, 33, 15, 4), {"sgd": 0.05, "momentum": 0.005, "nesterov": 0.005}.get(name, 0.001)
    job = task(widths, hidden=["sigmoid", "tanh"], optimizer=optimizer, batch_size=16)
    params, data = parameters(widths, dtype), examples(widths, 333, dtype=dtype)
    ends = [
        take(engine, job, params, data, steps=1000, rate=rate)
        for engine in (LlvmEngine(1), ReferenceEngine())
    ]
    (fast, losses, _), (slow, their_losses, _) = ends
    bound = 1000 * np.finfo(dtype).eps
    assert distance(losses, their_losses, least=1) < bound
    for mine, theirs in zip(fast.snapshot()(), slow.snapshot()(), strict=True):
        assert distance(mine.W, theirs.W) < bound
        assert distance(mine.b, theirs.b) < bound
    moved = distance(fast.snapshot()()[1].W, params[1].W)
    assert moved > 1e5 * bound if dtype is np.float64 else moved > 0
