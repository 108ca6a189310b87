"""Steps of training: whatever is asked of both engines, they do the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.heads import HEADS
from chainrule.equations.optimizers import OPTIMIZERS
from chainrule.equations.penalty import Penalty
from tests.engines.claims import assert_same, examples, parameters, task
from tests.engines.compiled import DTYPES, TARGETS, name_of

ODD = (1, 2, 15, 16, 17, 31, 33)

both_dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=name_of)


@both_dtypes
def test_every_activation(dtype):
    """A layer of each, so that the code is compiled once; then each alone by the same code."""
    names = list(ACTIVATIONS)
    widths = [5, *range(9, 9 + len(names)), 3]
    assert_same(task(widths, names), parameters(widths, dtype), examples(widths, 43, dtype=dtype))


@both_dtypes
@pytest.mark.parametrize("head", HEADS)
def test_every_head_at_several_numbers_of_outputs(head, dtype):
    """Rows of outputs in registers, and rows that are gone through in a loop."""
    for K in (1, 2, 3, 99, 100):
        if head != "softmax" or K > 1:
            widths = [4, 6, K]
            what = task(widths, head=head, label_smoothing=0.1)
            assert_same(what, parameters(widths, dtype), examples(widths, 33, head, dtype))


@both_dtypes
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer(optimizer, dtype):
    """A larger ε for Adam's kind: m/(√v + 10⁻⁸) makes rounding errors of tiny gradients as large as them."""
    make = OPTIMIZERS[optimizer]
    options = {"epsilon": 1e-2} if optimizer in ("rmsprop", "adam", "adamw") else {}
    widths = [7, 19, 3]
    what = task(widths, optimizer=make(**options))
    assert_same(what, parameters(widths, dtype), examples(widths, 95, dtype=dtype), rate=0.01)


@both_dtypes
@pytest.mark.parametrize("option", ["l1", "l2", "both", "dropout", "smoothing", "weights"])
def test_every_option(option, dtype):
    given_options = {
        "l1": {"penalty": Penalty(l1=0.01)},
        "l2": {"penalty": Penalty(l2=0.02)},
        "both": {"penalty": Penalty(0.01, 0.02)},
        "dropout": {"dropout": 0.4},
        "smoothing": {"label_smoothing": 0.2},
        "weights": {},
    }[option]
    widths = [6, 33, 17, 4]
    data = examples(widths, 57, dtype=dtype, weights=option == "weights")
    assert_same(task(widths, optimizer="momentum", **given_options), parameters(widths, dtype), data)


@both_dtypes
@pytest.mark.parametrize("batch_size", [1, 2, 3, 7, 11, 12, 13, 25, 64, 96, 97, 300, 1030])
def test_every_batch_size_and_a_last_partial_batch(batch_size, dtype):
    widths = [9, 18, 5]
    n = 2 * batch_size + max(1, batch_size // 2)
    assert_same(
        task(widths, batch_size=batch_size), parameters(widths, dtype), examples(widths, n, dtype=dtype)
    )


@pytest.mark.parametrize("target", TARGETS, ids=name_of)
@both_dtypes
@pytest.mark.parametrize("widths", [[450, 60, 33, 3], [9, 50, 850, 3]])
def test_sums_in_several_parts_of_several_panels_under_dropout(widths, dtype, target):
    """More rows than stay in a cache, gathered and spread; more terms than one part of F1 and B2 has."""
    what = task(widths, batch_size=700, dropout=0.3, optimizer="momentum")
    data = examples(widths, 1000, dtype=dtype)
    assert_same(what, parameters(widths, dtype), data, threads=2, target=target, steps=2, rate=0.01)


@pytest.mark.parametrize("target", TARGETS, ids=name_of)
@both_dtypes
@pytest.mark.parametrize("batch_size", [1, 3, 16, 17])
def test_few_samples_and_many_panels(batch_size, dtype, target):
    """One row against several panels at once; low tiles without a call, and what is left below them."""
    widths = [31, 150, 133, 3]
    assert_same(
        task(widths, optimizer="momentum", batch_size=batch_size), parameters(widths, dtype),
        examples(widths, 40, dtype=dtype), threads=2, target=target, rate=0.01,
    )  # fmt: skip


@pytest.mark.parametrize("target", TARGETS, ids=name_of)
@pytest.mark.parametrize("n", ODD)
def test_every_odd_width_at_every_vector_width(n, target):
    for widths in ([n, 3], [3, n, 2], [n, n, 3]):
        for dtype in DTYPES:
            data = examples(widths, 23, dtype=dtype)
            assert_same(task(widths), parameters(widths, dtype), data, target=target)


@st.composite
def tasks(draw):
    """Of any shape, by one of four recipes: shapes cost nothing, a recipe a second to compile."""
    depth = draw(st.integers(1, 5))
    hidden, head, options = draw(st.sampled_from(RECIPES))
    wide = st.one_of(st.sampled_from(ODD), st.integers(1, 70))
    widths = [draw(wide) for _ in range(depth)] + [draw(st.integers(2, 8))]
    hiddens = [hidden] * (depth - 1)
    return widths, task(widths, hiddens, head, batch_size=draw(st.integers(1, 60)), **options), head


RECIPES = (
    ("tanh", "softmax", {"optimizer": "momentum", "penalty": Penalty(l2=0.01)}),
    ("relu", "sigmoid", {"dropout": 0.3}),
)


@settings(max_examples=40)
@given(tasks(), st.integers(1, 130), st.sampled_from(DTYPES), st.integers(1, 3), st.integers(0, 99))
def test_random_architectures(drawn, n, dtype, threads, seed):
    """Few small steps, so that rounding errors have no time to grow."""
    widths, what, head = drawn
    data = examples(widths, n, head, dtype, seed, weights=True)
    assert_same(what, parameters(widths, dtype, seed), data, threads, rate=0.01, steps=4)
