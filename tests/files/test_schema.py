"""Kinds of values: what fits, and what a message names."""

from __future__ import annotations

import json
from math import inf, nan

import pytest

from chainrule.files.schema import (
    ANYTHING,
    FLAG,
    TEXT,
    Misfit,
    check,
    either,
    items,
    mapping,
    number,
    one_of,
    or_none,
    record,
    whole,
)

KIND = record(
    {"name": TEXT, "widths": items(whole(1), 2), "rate": number(0)},
    {"seed": or_none(whole(0)), "loss": number(nan=True), "how": one_of("mean", "sum"), "of": mapping(FLAG)},
)
GOOD = {
    "name": "n",
    "widths": [3, 2],
    "rate": 0.5,
    "seed": None,
    "loss": nan,
    "how": "sum",
    "of": {"a": True},
}


def test_what_fits():
    check("file", GOOD, KIND)
    check("file", {**GOOD, "seed": 3, "loss": inf, "beside": [1]}, KIND)
    check("file", json.loads(json.dumps(GOOD)), KIND)
    check("file", [1, "a"], items(either(whole(), TEXT)))
    check("file", object(), ANYTHING)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": 3}, "file.name must be text; got 3"),
        ({"widths": [3]}, r"file.widths must be a list of at least 2; got \[3\]"),
        ({"widths": [3, 0]}, r"file.widths\[1\] must be a whole number of at least 1; got 0"),
        ({"widths": [3, 2.0]}, r"file.widths\[1\] must be a whole number of at least 1; got 2.0"),
        ({"widths": [3, True]}, r"file.widths\[1\] must be a whole number"),
        ({"widths": {"0": 3}}, "file.widths must be a list"),
        ({"rate": nan}, "file.rate must be a finite number of at least 0; got nan"),
        ({"rate": -1}, "file.rate must be a finite number of at least 0; got -1"),
        ({"rate": 10**400}, "file.rate must be a finite number"),
        ({"rate": False}, "file.rate must be a finite number"),
        ({"seed": "1"}, "file.seed must be null or a whole number of at least 0; got '1'"),
        ({"loss": None}, "file.loss must be a number; got None"),
        ({"how": "max"}, "file.how must be one of mean, sum; got 'max'"),
        ({"how": ["sum"]}, "file.how must be one of mean, sum"),
        ({"of": {"a": 1}}, "file.of.a must be true or false; got 1"),
        ({"name": ["x" * 999]}, "…$"),
    ],
)
def test_what_does_not(changed, said):
    with pytest.raises(Misfit, match=said):
        check("file", {**GOOD, **changed}, KIND)


@pytest.mark.parametrize("missing", ["name", "widths", "rate"])
def test_what_is_missing(missing):
    with pytest.raises(Misfit, match=r"file must be an object with name, widths, rate; got \{"):
        check("file", {key: value for key, value in GOOD.items() if key != missing}, KIND)


def test_bounds_in_words():
    for kind, words in [
        (whole(), "a whole number"),
        (whole(1, 5), "a whole number of at least 1 and at most 5"),
        (number(0, 1), "a finite number of at least 0 and at most 1"),
        (items(TEXT, 2, 2), "a list of 2"),
    ]:
        assert kind.words == words
