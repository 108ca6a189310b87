"""Recorded operations as infix text: what Python and C have in common, with the fewest brackets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from chainrule.calculus.graph import Argument, Node

LEVELS = {
    "==": 1, "!=": 1, "<": 1, "<=": 1, ">": 1, ">=": 1, "+": 2, "-": 2, "*": 3, "/": 3, "@": 3,
    "neg": 4, "**": 5,
}  # fmt: skip
"""From loose to tight. What is written as a call, and a name, stands above all."""
ATOM = 6

LETTERS = {"exp": "e", "sum": "s", "max": "m"}
"""What a value that is needed twice is called, by the operation that makes it; otherwise t."""


class Language:
    """How one language writes numbers, calls and subscripts. ``names`` holds what has a name already."""

    def __init__(self, names: dict[Node, str] | None = None) -> None:
        self.names = dict(names or {})

    def __call__(self, value: Argument) -> str:
        """The text of a value."""
        return self.at(value, 0)

    def at(self, value: Argument, level: int) -> str:
        """The text of a value, in brackets if it binds less tightly than ``level``."""
        text, own = self.piece(value)
        return text if own >= level else f"({text})"

    def piece(self, value: Argument) -> tuple[str, int]:
        """The text of a value, and how tightly it binds."""
        if not isinstance(value, Node):
            text = self.number(value)
            return text, LEVELS["neg"] if text.startswith("-") else ATOM
        if value in self.names:
            return self.name(value), ATOM
        if value.op == "symbol":
            return self.symbol(value), ATOM
        if value.op == "neg":
            return f"-{self.at(value.args[0], LEVELS['**'])}", LEVELS["neg"]
        if value.op in LEVELS:
            return self.infix(value)
        return self.function(value), ATOM

    def infix(self, node: Node) -> tuple[str, int]:
        """Two values with their operator between."""
        level = LEVELS[node.op]
        left, right = node.args
        first, second = (level + 1, level) if node.op == "**" else (level, level + 1)
        return f"{self.at(left, first)} {node.op} {self.at(right, second)}", level

    def number(self, value: Argument) -> str:
        """A number."""
        return plain(value)

    def name(self, node: Node) -> str:
        """A value that has a name."""
        return self.names[node]

    def symbol(self, node: Node) -> str:
        """A symbol."""
        return str(node.args[0])

    def function(self, node: Node) -> str:
        """A function of values."""
        raise NotImplementedError


def plain(value: Argument) -> str:
    """A number in the digits that give it back, whole numbers without a point."""
    assert isinstance(value, int | float), value
    whole = abs(value) < 2**31 and value == int(value)
    return str(int(value)) if whole else repr(float(value))


class Line(NamedTuple):
    """A value under a name."""

    node: Node
    name: str


def named(nodes: Iterable[Node], taken: Iterable[str]) -> list[Line]:
    """A name for each of the nodes: e, s, m or t, numbered where there are more."""
    known, lines = set(taken), []
    for node in nodes:
        letter = LETTERS.get(node.op, "t")
        name = next(n for n in (letter, *(f"{letter}{i}" for i in range(2, 999))) if n not in known)
        known.add(name)
        lines.append(Line(node, name))
    return lines
