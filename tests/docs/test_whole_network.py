"""The page with the whole network: its program runs, and learns to read digits."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from chainrule import datasets
from tests.cli.commandline import chainrule

PAGE = (Path(__file__).parents[2] / "docs/book/whole.md").read_text(encoding="utf-8")


def printed(tmp_path, command):
    done = chainrule(*command.split()[1:], cwd=tmp_path)
    assert done.code == 0, done.err
    names = {"__name__": "printed"}
    exec(compile(done.out, "network.py", "exec"), names)
    return names


def test_it_is_one_class_with_all_five_parts(tmp_path):
    command = re.search(r"^chainrule derive .*$", PAGE, re.M)[0]
    network = printed(tmp_path, command)["Network"]
    assert {"__init__", "forward", "backward", "gradient_descent", "fit"} <= set(vars(network))
    made = network(seed=0)
    assert (made.W1.shape, made.W2.shape) == ((30, 784), (10, 30))


@pytest.mark.slow
def test_it_learns_mnist(tmp_path):
    try:
        train, test = datasets.load("mnist")
    except Exception as error:
        pytest.skip(f"MNIST is not at hand: {error}")
    network = printed(tmp_path, "chainrule derive 784-30-10 --format python")["Network"](seed=0)
    network.fit(train.X, train.y, epochs=1)
    assert np.mean(network.predict(test.X) == test.y) > 0.85
