"""From the columns of a table, with gaps and with words, to numbers: what was learnt from the training rows.

A column of numbers stays one column, its gaps filled with the training rows' mean. A column of categories
becomes a column of 0 and 1 for each category seen in training. `Scaling` then standardises the numbers.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chainrule.datasets.preparing.notation import PLAIN, Notation, as_marks
from chainrule.datasets.preparing.scaling import Scaling
from chainrule.errors import DataError, DataWarning, InputError

Array = npt.NDArray[Any]
Texts = tuple[tuple[str, ...] | None, ...]
"""For each column the distinct words that its codes stand for; None for a column of numbers."""

MISSING = "(missing)"
"""What a gap in a column of categories is called, where training rows have one."""


class Input(NamedTuple):
    """One column of a table, as the model takes it.

    Attributes:
        name: its header.
        fill: what a gap counts as, in a column of numbers.
        categories: for a column of categories these, in order; None among them stands for a gap.
        notation: how numbers and gaps are written in it.
    """

    name: str
    fill: float | None = None
    categories: tuple[str | None, ...] | None = None
    notation: Notation = PLAIN

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the network's inputs that it becomes."""
        if self.categories is None:
            return (self.name,)
        return tuple(f"{self.name}={MISSING if one is None else one}" for one in self.categories)


@dataclass(frozen=True)
class Preprocessing:
    """How the rows of a table become the numbers that a `Scaling` then scales. Plain data, no code.

    A gap in a column of numbers counts as the training rows' mean (scikit-learn's SimpleImputer). A column of
    categories becomes one column for each category (OneHotEncoder), a gap being a category of its own
    where training rows have one. A category that training rows do not have, or a gap where they have none,
    gives 0 in all of them, and a `DataWarning`.

    Attributes:
        inputs: the columns, in the model's order.
    """

    inputs: tuple[Input, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns it takes."""
        return tuple(one.name for one in self.inputs)

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the columns it gives, such as ``age`` and ``colour=red``."""
        return tuple(name for one in self.inputs for name in one.outputs)

    @property
    def categorical(self) -> tuple[str, ...]:
        """The names of the columns of categories."""
        return tuple(one.name for one in self.inputs if one.categories is not None)

    def __call__(self, X: Array, texts: Texts) -> npt.NDArray[np.float64]:
        """Encode a table: gaps filled, categories as 0 and 1.

        Shapes: X (N, n) with NaN for gaps and codes of ``texts`` in columns of categories → (N, n_0).
        """
        out = np.zeros((len(X), len(self.features)))
        start = 0
        for j, one in enumerate(self.inputs):
            if one.categories is None:
                np.copyto(out[:, start], np.where(np.isnan(X[:, j]), float(one.fill or 0), X[:, j]))
            else:
                place = _places(one, X[:, j], texts[j] or ())
                rows = np.flatnonzero(place >= 0)
                out[rows, start + place[rows]] = 1
            start += len(one.outputs)
        return out

    def scaling(self, encoded: Array) -> Scaling:
        """The scaling that standardises the numbers and leaves 0 and 1 as they are. Shapes: (N, n_0)."""
        numbers = self.number_places()
        shift, scale = np.zeros(encoded.shape[1]), np.ones(encoded.shape[1])
        if numbers:
            standard = Scaling.standard(encoded[:, numbers])
            shift[numbers], scale[numbers] = standard.shift, standard.scale
        return Scaling(shift, scale)

    def number_places(self) -> list[int]:
        """Which of the columns it gives are numbers, not 0 and 1 for a category."""
        kinds = [one.categories is None for one in self.inputs for _ in one.outputs]
        return [place for place, number in enumerate(kinds) if number]

    def as_plain(self) -> list[dict[str, Any]]:
        """Lists and dictionaries, as JSON can hold them."""
        return [_as_plain(one) for one in self.inputs]

    @classmethod
    def from_plain(cls, plain: Any) -> Preprocessing:
        """What `as_plain` gave.

        Raises:
            InputError: it is not of that form.
        """
        if not isinstance(plain, list) or not plain:
            raise InputError("a preprocessing must be a list of columns; got none. Save the model again.")
        return cls(tuple(map(_input, plain)))


def _as_plain(one: Input) -> dict[str, Any]:
    plain = one._asdict()
    del plain["notation"]
    return plain if one.notation == PLAIN else {**plain, "notation": one.notation._asdict()}


def _input(plain: Mapping[str, Any]) -> Input:
    name, fill, categories = plain["name"], plain["fill"], plain["categories"]
    filled = isinstance(fill, int | float) and math.isfinite(fill)
    named = isinstance(categories, list | tuple) and all(
        one is None or isinstance(one, str) for one in categories
    )
    if not isinstance(name, str) or not (filled if categories is None else named and fill is None):
        raise InputError(f"a column must have a name, and a fill or categories; got {dict(plain)!r}")
    return Input(
        name,
        None if fill is None else float(fill),
        None if categories is None else tuple(categories),
        _notation(plain.get("notation")),
    )


def _notation(plain: Any) -> Notation:
    if plain is None:
        return PLAIN
    if not isinstance(plain, dict) or not isinstance(plain.get("unit"), str):
        raise InputError(f"a notation must have marks and a unit; got {plain!r}")
    marks = as_marks(plain["decimal"], plain["thousands"])
    missing = plain["missing"]
    if missing is not None and not (
        isinstance(missing, list) and all(isinstance(sign, str) for sign in missing)
    ):
        raise InputError(f"missing must be a list of texts; got {missing!r}")
    kept = None if missing is None else tuple(missing)
    return marks.applied(Notation(unit=plain["unit"], missing=kept))


def fit(
    names: Sequence[str], X: Array, texts: Texts, notations: Sequence[Notation] | None = None
) -> Preprocessing:
    """Learn a preprocessing from training rows, by scikit-learn's SimpleImputer and OneHotEncoder.

    Shapes: X (N, n) with NaN for gaps and codes of ``texts`` in columns of categories.

    Raises:
        DataError: the mean of a column is not finite.
    """
    numbers = [j for j, words in enumerate(texts) if words is None]
    fills = dict(zip(numbers, _fills(X[:, numbers]), strict=True)) if numbers else {}
    for j, fill in fills.items():
        check_fill(names[j], fill)
    return Preprocessing(
        tuple(
            Input(name, float(fills[j]), None, notation)
            if words is None
            else Input(name, None, _categories(X[:, j], words), notation)
            for j, (name, words, notation) in enumerate(
                zip(names, texts, notations or [PLAIN] * len(names), strict=True)
            )
        )
    )


def check_fill(name: str, fill: float) -> None:
    """Refuse a mean that is not finite."""
    if not math.isfinite(fill):
        raise DataError(
            f"the mean of a column must be finite; that of {name!r} is {fill}. Give it in other units."
        )


@np.errstate(over="ignore", invalid="ignore")
def _fills(X: Array) -> Array:
    from sklearn.impute import SimpleImputer

    means: Array = SimpleImputer(strategy="mean", keep_empty_features=True).fit(X).statistics_
    return means


def _categories(codes: Array, words: tuple[str, ...]) -> tuple[str | None, ...]:
    from sklearn.preprocessing import OneHotEncoder

    filled = np.where(np.isnan(codes), len(words), codes)
    found = OneHotEncoder(handle_unknown="ignore").fit(filled[:, None]).categories_[0].astype(int)
    return in_order(words[code] if code < len(words) else None for code in found)


def in_order(categories: Any) -> tuple[str | None, ...]:
    """Categories by their text, a gap last."""
    found = set(categories)
    words = sorted(one for one in found if one is not None)
    return (*words, None) if None in found else tuple(words)


def _places(one: Input, codes: Array, words: Sequence[str]) -> npt.NDArray[np.intp]:
    """The place of each row's category, -1 for one that is unknown."""
    assert one.categories is not None
    place = {category: index for index, category in enumerate(one.categories)}
    of_code = np.array([*(place.get(word, -1) for word in words), place.get(None, -1)], np.intp)
    places = of_code[np.where(np.isnan(codes), len(words), codes).astype(np.intp)]
    unknown = np.flatnonzero(places < 0)
    if unknown.size:
        code = codes[unknown[0]]
        what = "is empty" if np.isnan(code) else f"holds {words[int(code)]!r}"
        warnings.warn(
            f"column {one.name!r} {what} in row {unknown[0]}, unlike all training rows; the "
            f"{unknown.size} of {len(codes)} rows with unknown values there count as none of its categories.",
            DataWarning,
            stacklevel=4,
        )
    return places
