"""A program with a call before and after each turn of each of its loops."""

from __future__ import annotations

import ast
from typing import Any, Protocol

NAME = "__watch__"
"""What the hooks call, a name in the program's globals."""


class Stopped(BaseException):
    """Raised out of a program that need not go on."""


class Hooks(Protocol):
    """What is told of a program as it runs. ``loop``: the number of the loop, from 0, as they stand."""

    def begin(self, loop: int, inner: dict[str, Any], outer: dict[str, Any]) -> None:
        """A turn begins; ``inner`` are the locals of the place, ``outer`` its globals."""

    def swap(self, loop: int, name: str, value: Any) -> Any:
        """What the loop's own variable becomes in this turn."""

    def end(self, loop: int, inner: dict[str, Any], outer: dict[str, Any]) -> None:
        """The turn is over, however."""

    def goes(self, line: int) -> bool:
        """Whether a statement of the module is run."""

    def failed(self, error: BaseException) -> None:
        """It has failed; the next one follows."""

    def done(self) -> None:
        """The module has come to its end."""


def hooked(tree: ast.Module) -> ast.Module:
    """The module with hooks in each loop; a statement of the module that fails is passed over."""
    return _with_statements(_Loops().visit(tree))


def ticking(tree: ast.Module) -> ast.Module:
    """The same with the least of hooks, ``tick()`` in each turn of a loop."""
    for node in loops(tree):
        node.body = [_placed(node, f"{NAME}.tick()"), *node.body]
    return _with_statements(tree)


def _with_statements(tree: ast.Module) -> ast.Module:
    tree.body = [_passed_over(statement) for statement in tree.body]
    tree.body += [_placed(tree.body[-1], f"{NAME}.done()")] if tree.body else []
    return ast.fix_missing_locations(tree)


def loops(tree: ast.Module) -> list[ast.For | ast.While]:
    """The loops in the order in which they are numbered."""
    found: list[ast.For | ast.While] = []

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.For | ast.While):
            found.append(node)
        for inner in ast.iter_child_nodes(node):
            visit(inner)

    visit(tree)
    return found


def own_names(tree: ast.Module) -> frozenset[str]:
    """The variables of loops, which stand for one thing after another."""
    return frozenset(
        name for loop in loops(tree) if isinstance(loop, ast.For) for name in _target_names(loop.target)
    )


class _Loops(ast.NodeTransformer):
    def __init__(self) -> None:
        self.count = 0

    def _loop(self, node: ast.For | ast.While) -> ast.stmt:
        number = self.count
        self.count += 1
        self.generic_visit(node)
        before = [_call(node, "begin", number)]
        if isinstance(node, ast.For):
            before += [_swap(node, number, name) for name in _target_names(node.target)]
        turn = ast.Try(
            body=[*before, *node.body], handlers=[], orelse=[], finalbody=[_call(node, "end", number)]
        )
        node.body = [ast.copy_location(turn, node)]
        return node

    visit_For = _loop
    visit_While = _loop


def _target_names(target: ast.expr) -> list[str]:
    return [node.id for node in ast.walk(target) if isinstance(node, ast.Name)]


def _call(at: ast.stmt, what: str, loop: int) -> ast.stmt:
    return _placed(at, f"{NAME}.{what}({loop}, locals(), globals())")


def _swap(at: ast.stmt, loop: int, name: str) -> ast.stmt:
    return _placed(at, f"{name} = {NAME}.swap({loop}, {name!r}, {name})")


def _placed(at: ast.stmt, text: str) -> ast.stmt:
    made = ast.parse(text).body[0]
    for node in ast.walk(made):
        if hasattr(node, "lineno"):
            ast.copy_location(node, at)
    return made


def _passed_over(statement: ast.stmt) -> ast.stmt:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return statement
    if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
        return statement
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return statement
    handler = ast.ExceptHandler(
        type=ast.Name("Exception", ast.Load()),
        name="__error__",
        body=[_placed(statement, f"{NAME}.failed(__error__)")],
    )
    tried = ast.Try(body=[statement], handlers=[handler], orelse=[], finalbody=[])
    asked = _placed(statement, f"if {NAME}.goes({statement.lineno}): pass")
    assert isinstance(asked, ast.If)
    asked.body = [ast.copy_location(tried, statement)]
    return asked
