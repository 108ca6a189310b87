"""How numbers are written in a column of a table: marks, unit, and signs for what is missing."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from chainrule.errors import InputError

DECIMALS = ".,"
THOUSANDS = ("", ".", ",", " ", "'")

GAPS = frozenset(
    {"", "?", "-", "–", "—", "−", "na", "n/a", "#n/a", "<na>", "nan", "-nan", "null", "none", "nil"}
)
"""What a cell usually says whose value is missing, in small letters."""

_SAME = str.maketrans(
    {
        **dict.fromkeys("\u00a0\u2007\u2009\u202f", " "),  # no-break and thin spaces
        **dict.fromkeys("\u2212\u2012\u2013\ufe63\uff0d", "-"),  # minus, and dashes in its place
        **dict.fromkeys("\u2019\u02bc\uff07", "'"),
        **dict.fromkeys("\u200b\u200e\u200f\u2060\ufeff"),  # zero width
    }
)

_UNIT = "[%\u2030$\u00a2-\u00a5\u0e3f\u20a0-\u20cf\uff04\uffe0\uffe1\uffe5]"
"""Per cent, per mille, and the signs of currencies."""

_SHAPE = re.compile(
    rf"(?P<outer>[+-]?) ?(?P<before>{_UNIT}?) ?(?P<inner>[+-]?)(?P<body>[.,]?\d(?:[\d.,' ]*[\d.,])?)"
    rf"(?P<exponent>(?:[eE][+-]?\d+)?) ?(?P<after>{_UNIT}?)"
)


class Shape(NamedTuple):
    """A cell that may be a number: its sign, digits with marks, exponent and unit."""

    sign: str
    body: str
    exponent: str
    unit: str

    @property
    def marks(self) -> str:
        """The marks between the digits, in their order."""
        return "".join(character for character in self.body if not character.isdigit())

    def value(self, decimal: str, thousands: str) -> float | None:
        """The number by these marks, None if it cannot be written so."""
        if not _written(decimal, thousands).fullmatch(self.body):
            return None
        digits = self.body.replace(thousands, "") if thousands else self.body
        return float(self.sign + digits.replace(decimal, ".") + self.exponent)

    def is_grouped(self, mark: str) -> bool:
        """Whether ``mark`` stands where thousands are set apart, and nowhere else."""
        return bool(_grouped(mark).fullmatch(self.body))


def shape_of(cell: str) -> Shape | None:
    """The parts of a cell that reads like a number in some notation, None for any other."""
    found = _SHAPE.fullmatch(cell.translate(_SAME).strip())
    if not found or (found["outer"] and found["inner"]) or (found["before"] and found["after"]):
        return None
    shape = Shape(
        found["outer"] or found["inner"],
        found["body"],
        found["exponent"],
        found["before"] or found["after"],
    )
    marks = set(shape.marks)
    if len(marks) > 2 or not any(
        shape.value(decimal, thousands) is not None
        for decimal in DECIMALS
        for thousands in THOUSANDS
        if decimal != thousands and marks <= {decimal, thousands}
    ):
        return None
    return shape


@lru_cache(maxsize=32)
def _grouped(mark: str) -> re.Pattern[str]:
    t = re.escape(mark)
    return re.compile(rf"[1-9]\d{{0,2}}(?:{t}\d{{3}})+|[1-9]\d?(?:{t}\d{{2}})+{t}\d{{3}}")  # 1,200; 1,20,000


@lru_cache(maxsize=32)
def _written(decimal: str, thousands: str) -> re.Pattern[str]:
    d = re.escape(decimal)
    whole = rf"\d+|{_grouped(thousands).pattern}" if thousands else r"\d+"
    return re.compile(rf"(?:{whole})(?:{d}\d*)?|{d}\d+")


class Notation(NamedTuple):
    """How the numbers of a column are written.

    Attributes:
        decimal: the decimal mark, a point or a comma.
        thousands: what sets thousands apart: nothing, a point, a comma, a space or an apostrophe.
        unit: a sign that every number has, such as ``%`` or ``$``. It is left away: 9 % is 9.
        missing: what stands for a missing value beside an empty cell; None for the usual signs.

    A minus may be any of the usual dashes, and a space of any width.
    """

    decimal: str = "."
    thousands: str = ""
    unit: str = ""
    missing: tuple[str, ...] | None = None

    def number(self, cell: str) -> float | None:
        """The number in a cell, infinity included; None if none is written there in this way."""
        if not (self.unit or (self.thousands and self.thousands in cell)):
            if self.decimal == ".":
                value = plain_number(cell)
            else:
                value = None if "." in cell else plain_number(cell.replace(",", ".", 1))
            if value is not None:
                return None if math.isnan(value) else value
        shape = shape_of(cell)
        if shape is None or shape.unit != self.unit:
            return None
        return shape.value(self.decimal, self.thousands)

    def is_gap(self, cell: str) -> bool:
        """Whether a cell says that a value is missing."""
        cell = cell.strip()
        if self.missing is None:
            return cell.lower() in GAPS
        if not cell or cell in self.missing:
            return True
        return bool(self.missing_numbers) and self.number(cell) in self.missing_numbers

    @property
    def missing_numbers(self) -> frozenset[float]:
        """Numbers that stand for a missing value, such as -999."""
        return _numbers(self.missing or ())

    def __str__(self) -> str:
        """In words: "with a decimal comma, a point between thousands, %"."""
        parts = [f"a decimal {_NAMES[self.decimal]}"]
        if self.thousands:
            parts.append(f"{_ARTICLES[self.thousands]} between thousands")
        return "with " + ", ".join(parts + [self.unit] * bool(self.unit))


_NAMES = {".": "point", ",": "comma"}
_ARTICLES = {".": "a point", ",": "a comma", " ": "a space", "'": "an apostrophe"}

PLAIN = Notation()


def plain_number(cell: str) -> float | None:
    """The number in a cell as programs write it, NaN and infinity included; None for any other cell."""
    if "_" in cell:  # float() reads 1_000, which no other program writes
        return None
    try:
        return float(cell)
    except ValueError:
        return None


@lru_cache(maxsize=64)
def _numbers(signs: tuple[str, ...]) -> frozenset[float]:
    found = map(PLAIN._replace(missing=None).number, signs)
    return frozenset(value for value in found if value is not None)


class Marks(NamedTuple):
    """What somebody says about the notation of a whole table; None where it is to be recognised."""

    decimal: str | None = None
    thousands: str | None = None
    missing: tuple[str, ...] | None = None

    def applied(self, notation: Notation) -> Notation:
        """A column's notation, changed to what is said here.

        Where the decimal mark alone is named, point and comma can only set thousands apart.
        """
        decimal = self.decimal or _other(self.thousands) or notation.decimal
        thousands = notation.thousands if self.thousands is None else self.thousands
        if thousands == decimal:
            thousands = ""
        if self.decimal and self.thousands is None:
            thousands = thousands or _other(decimal) or ""
        missing = notation.missing if self.missing is None else self.missing
        return Notation(decimal, thousands, notation.unit, missing)

    @property
    def decimals(self) -> frozenset[str]:
        """The decimal marks that are still possible."""
        known = self.decimal or _other(self.thousands)
        return frozenset(known or DECIMALS)


NO_MARKS = Marks()


def _other(mark: str | None) -> str | None:
    """The comma for a point, the point for a comma."""
    return {".": ",", ",": "."}.get(mark or "")


def as_marks(
    decimal: str | None = None, thousands: str | None = None, missing: str | Sequence[str] | None = None
) -> Marks:
    """Check what a user says about the notation of a table.

    Raises:
        InputError: a mark that is none, the same mark for both, or signs that are no texts.
    """
    if decimal is not None and (not isinstance(decimal, str) or decimal not in (".", ",")):
        raise InputError(f"decimal must be a point or a comma; got {decimal!r}. Pass decimal=','.")
    mark: Any = thousands.translate(_SAME) if isinstance(thousands, str) else thousands
    if mark is not None and mark not in THOUSANDS:
        raise InputError(
            "thousands must be a point, a comma, a space, an apostrophe, or an empty text for none; "
            f"got {thousands!r}. Pass thousands='.'."
        )
    if mark and mark == decimal:
        raise InputError(
            f"decimal and thousands must be different marks; got {decimal!r} for both. Change one of them."
        )
    signs = missing.split(",") if isinstance(missing, str) else missing
    if signs is not None and (
        not isinstance(signs, Sequence) or not all(isinstance(sign, str) for sign in signs)
    ):
        raise InputError(
            f"missing must be the signs for a missing value; got {missing!r}. Pass missing='NA,-999', or "
            "missing='' where only an empty cell is missing."
        )
    kept = None if signs is None else tuple(sign.strip() for sign in signs if sign.strip())
    return Marks(decimal, mark, kept)
