"""The line where gradients are added to what the call before has left."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from chainrule.diagnosis.asking.layouts import kind


class Added(NamedTuple):
    """A line of the file, and the same without adding; nothing where it adds in a loop, over samples."""

    number: int
    text: str
    right: str


def added_up(text: str, first_line: int = 1) -> Added | None:
    """The first line that adds to a gradient which its function has not made itself."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return None
    lines = text.splitlines()
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            for node, looped in _additions(function):
                line = lines[node.lineno - 1].strip()
                right = "" if looped else _without_adding(line)
                return Added(node.lineno + first_line - 1, line, right)
    return None


def _additions(function: ast.FunctionDef) -> Iterator[tuple[ast.AugAssign, bool]]:
    """The ``+=`` on gradients kept elsewhere, and whether each is in a loop over what is no layer."""
    made = {
        ast.unparse(target)
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        for target in node.targets
    }
    loops = [node for node in ast.walk(function) if isinstance(node, ast.For)]
    for node in ast.walk(function):
        added = _added(node)
        if added is not None and not {ast.unparse(t) for t in _bases(added.target)} & made:
            over = [ast.unparse(loop.iter) for loop in loops if added in ast.walk(loop)]
            yield added, any("zip" in iterated or "batch" in iterated for iterated in over)


def _added(node: ast.AST) -> ast.AugAssign | None:
    """The statement, if it adds to a gradient."""
    if not isinstance(node, ast.AugAssign) or not isinstance(node.op, ast.Add):
        return None
    return node if kind(_path(node.target))[1] else None


def _bases(node: ast.expr) -> Iterator[ast.expr]:
    """``self.dW[1]``, then ``self.dW``."""
    yield node
    while isinstance(node, ast.Subscript):
        node = node.value
        yield node


def _path(node: ast.expr) -> tuple[str, ...]:
    """The names on the way to an array: ``self.grads["W1"]`` is (self, grads, W1)."""
    if isinstance(node, ast.Subscript):
        key = node.slice.value if isinstance(node.slice, ast.Constant) else None
        return (*_path(node.value), *((key,) if isinstance(key, str) else ()))
    if isinstance(node, ast.Attribute):
        return (*_path(node.value), node.attr)
    return (node.id,) if isinstance(node, ast.Name) and node.id != "self" else ()


def _without_adding(line: str) -> str:
    """The statements of a line with ``=`` in the place of ``+=``."""
    try:
        body = ast.parse(line).body
    except SyntaxError:
        return ""
    return "; ".join(ast.unparse(_as_assignment(node)) for node in body)


def _as_assignment(node: ast.stmt) -> ast.stmt:
    added = _added(node)
    return node if added is None else ast.Assign([added.target], added.value, lineno=1)
