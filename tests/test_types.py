"""`ByLayer`, numbered as the text numbers layers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.types import ByLayer, Layer

items = st.lists(st.integers(), min_size=1, max_size=6)


@given(items=items, first=st.sampled_from([0, 1]))
def test_numbers_from_either_end(items, first):
    layers = ByLayer(items, first)
    assert list(layers) == items
    assert (len(layers), layers.last) == (len(items), first + len(items) - 1)
    assert [layers[L] for L in range(first, layers.last + 1)] == items
    assert [layers[-k] for k in range(1, len(items) + 1)] == items[::-1]
    assert list(layers.items()) == list(zip(range(first, layers.last + 1), items, strict=True))


@given(items=items, first=st.sampled_from([0, 1]))
def test_outside_says_which_numbers_there_are(items, first):
    layers = ByLayer(items, first)
    for L in (first - 1 if first else layers.last + 2, layers.last + 1, -len(items) - 1):
        with pytest.raises(IndexError, match=f"numbered {first} to {layers.last}; got {L}$"):
            layers[L]


def test_layer_zero_of_the_weights_is_no_layer():
    with pytest.raises(IndexError, match="layers here are numbered 1 to 2; got 0"):
        ByLayer("ab")[0]


@given(items=items, first=st.sampled_from([0, 1]))
def test_map_keeps_the_numbering(items, first):
    doubled = ByLayer(items, first).map(lambda item: 2 * item)
    assert doubled.first == first
    assert list(doubled) == [2 * item for item in items]


def test_a_generator_is_read_once_and_no_item_is_replaced():
    layers = ByLayer(n * n for n in range(3))
    assert list(layers) == list(layers) == [0, 1, 4]
    with pytest.raises(TypeError):
        layers[1] = 5


def test_repr_names_every_layer():
    assert repr(ByLayer(["x", "y"], 0)) == "[0] 'x'\n[1] 'y'"
    assert repr(ByLayer([Layer(np.eye(1), np.zeros(1))])).startswith("[1] Layer(W=")
