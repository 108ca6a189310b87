"""The table of theorems: for every tag of the derivation, what is claimed and of which function."""

from __future__ import annotations

from chainrule.errors import InputError, did_you_mean
from chainrule.proof.claims.theorem import Result, Theorem, examine
from chainrule.proof.subjects import activations, heads, layers, networks, steps

__all__ = ["TAGS", "THEOREMS", "Result", "Theorem", "examine", "select"]

ORDER = ("F1", "F2", "H1", "H2", "H3", "H4", "B1", "B2", "B3", "B4")

THEOREMS: tuple[Theorem, ...] = tuple(
    sorted(
        [
            *layers.theorems(),
            *activations.theorems(),
            *heads.theorems(),
            *networks.theorems(),
            *steps.theorems(),
        ],
        key=lambda theorem: ORDER.index(theorem.tag) if theorem.tag in ORDER else len(ORDER),
    )
)
"""In the order of the derivation; within a tag as its module lists them."""

TAGS = tuple(dict.fromkeys(theorem.tag for theorem in THEOREMS))
"""Every tag once."""


def select(tags: tuple[str, ...]) -> list[Theorem]:
    """The theorems of some tags, or all where none is named.

    Raises:
        InputError: there is no such tag.
    """
    wanted = [tag.upper() for tag in tags] or list(TAGS)
    for given, tag in zip(tags, wanted, strict=False):
        if tag not in TAGS:
            raise InputError(f"a tag must be one of {', '.join(TAGS)}; got {given!r}.{_near(tag)}")
    return [theorem for theorem in THEOREMS if theorem.tag in wanted]


def _near(tag: str) -> str:
    """Return the suggestion of a tag near this one, whatever its case."""
    return (
        did_you_mean(tag, [known.lower() for known in TAGS]).upper().replace("DID YOU MEAN", "Did you mean")
    )
