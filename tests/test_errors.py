"""The exception tree, and the nearest name."""

from __future__ import annotations

import builtins
import pickle
import re
from pathlib import Path

import pytest

import chainrule
from chainrule import errors
from chainrule.errors import InputError, did_you_mean, look_up

CHOICES = {"sigmoid": 1, "tanh": 2, "relu": 3}


REFERENCE = (Path(__file__).parents[1] / "docs/reference/errors.md").read_text(encoding="utf-8")
KINDS = [
    name for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, Exception) and kind.__module__ == errors.__name__
]  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_every_error_and_warning_is_public_and_in_the_reference(name):
    assert len(KINDS) > 10
    assert name in chainrule.__all__
    assert getattr(chainrule, name) is getattr(errors, name)
    assert re.search(rf"\b{name}\b", REFERENCE.split("```{eval-rst}", 1)[1])
    assert f" {name} " in errors.__doc__ or name == "ChainruleError"


@pytest.mark.parametrize(
    ("name", "also"),
    [
        ("InputError", "ValueError"),
        ("DataError", "Exception"),
        ("ModelFileError", "Exception"),
        ("StorageError", "OSError"),
        ("TrainingDiverged", "ArithmeticError"),
    ],
)
def test_tree(name, also):
    error = getattr(errors, name)
    assert issubclass(error, errors.ChainruleError)
    assert issubclass(error, getattr(builtins, also))
    assert getattr(chainrule, name) is error
    assert name in chainrule.__all__


def test_look_up():
    assert look_up("hidden", "tanh", CHOICES) == 2


@pytest.mark.parametrize(
    ("word", "near"), [("rleu", "relu"), ("Sigmoid", "sigmoid"), ("TANH", "tanh"), ("sigmod", "sigmoid")]
)
def test_nearest_name(word, near):
    assert did_you_mean(word, CHOICES) == f" Did you mean {near!r}?"
    with pytest.raises(InputError) as caught:
        look_up("hidden", word, CHOICES)
    assert str(caught.value) == (
        f"hidden must be one of sigmoid, tanh, relu; got {word!r}. Did you mean {near!r}?"
    )


@pytest.mark.parametrize("word", ["xyz", "", None, 3])
def test_nothing_near(word):
    with pytest.raises(InputError, match=r"one of sigmoid, tanh, relu; got .*\.$"):
        look_up("hidden", word, CHOICES)


def test_one_letter_is_near_nothing():
    assert did_you_mean("x", ["max", "exp"]) == ""


def test_a_list_is_no_name():
    with pytest.raises(InputError, match="one of sigmoid"):
        look_up("hidden", ["relu"], CHOICES)


def test_diverged_carries_where_and_what():
    error = errors.TrainingDiverged("no", epoch=3, batch=7, history=None)
    assert (error.epoch, error.batch, error.history, str(error)) == (3, 7, None, "no")


def test_diverged_travels_between_processes():
    error = errors.TrainingDiverged("no", epoch=3, batch=7, history=None)
    assert pickle.loads(pickle.dumps(error)).batch == 7
