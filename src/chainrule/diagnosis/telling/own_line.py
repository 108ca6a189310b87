"""The faulty line as it should be, in the user's own names: with one change, where it is clear which.

Each rule changes the one place of the line that it understands, or nothing.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Callable, Iterator

from chainrule.diagnosis.asking.layouts import Layout
from chainrule.diagnosis.catalogue.mistakes import Mistake

RATE = re.compile(r"(?i)(^|[._])(lr|eta|alpha|l?_?rate|learning_?rate|step_?size)$")
COUNT = re.compile(r"len\(|\.shape\[|\.size\b|(^|[._])(n|m|N|batch_?size|num_samples|n_samples)$")
SLOPE = re.compile(r"(?i)prime|deriv|grad\(|slope|^d_?(sig|tanh|relu|act|phi)|1(\.0?)? - ")
WEIGHTS = re.compile(r"(?i)(^|\.)(w|weights?|theta)\w*(\[|$)")
Rule = Callable[[ast.stmt, Mistake, Layout], "ast.stmt | None"]


def own_line(line: str, mistake: Mistake, layout: Layout) -> str:
    """The line put right, or "" where it is not clear how."""
    try:
        body = ast.parse(line.strip()).body
    except SyntaxError:
        return ""
    if len(body) != 1:
        return ""
    rule = RULES.get(mistake.slip)
    found = None if rule is None else rule(copy.deepcopy(body[0]), mistake, layout)
    return "" if found is None else _printed(ast.fix_missing_locations(found))


def _printed(tree: ast.stmt) -> str:
    """The statement; a tuple without brackets, as people write it."""
    if isinstance(tree, ast.Assign) and isinstance(tree.value, ast.Tuple) and len(tree.value.elts) > 1:
        targets = ast.unparse(tree).split(" = (", 1)[0]
        return f"{targets} = {', '.join(map(ast.unparse, tree.value.elts))}"
    return ast.unparse(tree)


def _text(node: ast.AST) -> str:
    return ast.unparse(node)


def _replaced(tree: ast.stmt, old: ast.AST, new: ast.AST) -> ast.stmt:
    class Put(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            return new if node is old else self.generic_visit(node)

    changed = Put().visit(tree)
    assert isinstance(changed, ast.stmt)
    return changed


def _only(found: Iterator[ast.AST]) -> ast.AST | None:
    every = list(found)
    return every[0] if len(every) == 1 else None


def _other_sign(tree: ast.stmt, mistake: Mistake, layout: Layout) -> ast.stmt | None:
    """``+=`` for ``-=``, a difference the other way round, or a minus less."""
    if isinstance(tree, ast.AugAssign) and isinstance(tree.op, ast.Add | ast.Sub):
        if isinstance(tree.op, ast.Add):
            return ast.AugAssign(tree.target, ast.Sub(), tree.value)
        return None
    minus = _only(n for n in ast.walk(tree) if isinstance(n, ast.UnaryOp) and isinstance(n.op, ast.USub))
    if isinstance(minus, ast.UnaryOp) and not isinstance(minus.operand, ast.Constant):
        return _replaced(tree, minus, minus.operand)
    if _steps(tree):
        plus = _only(n for n in ast.walk(tree) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Add))
        return (
            _replaced(tree, plus, ast.BinOp(plus.left, ast.Sub(), plus.right))
            if isinstance(plus, ast.BinOp)
            else None
        )
    less = _only(n for n in ast.walk(tree) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Sub))
    if mistake.slots == ("B1",) and isinstance(less, ast.BinOp):
        return _replaced(tree, less, ast.BinOp(less.right, ast.Sub(), less.left))
    return None


def _steps(tree: ast.stmt) -> bool:
    return any(RATE.search(_text(n)) for n in ast.walk(tree) if isinstance(n, ast.Name | ast.Attribute))


def _axis(tree: ast.stmt, mistake: Mistake, layout: Layout) -> ast.stmt | None:
    """Every sum over the samples alone."""
    right = 1 if layout.samples == "columns" else 0
    if mistake.slip == "mean over neurons":
        _of_means(tree)
    changed = False
    for call in [n for n in ast.walk(tree) if isinstance(n, ast.Call) and _sums(n)]:
        axis = next((k for k in call.keywords if k.arg == "axis"), None)
        is_method = isinstance(call.func, ast.Attribute) and _text(call.func.value) not in ("np", "numpy")
        place = 0 if is_method else 1
        if axis is not None or len(call.args) > place:
            given = axis.value if axis is not None else call.args[place]
            if isinstance(given, ast.Constant) and given.value == 1 - right:
                given.value, changed = right, True
            continue
        call.keywords.append(ast.keyword("axis", ast.Constant(right)))
        if layout.bias != "vector":
            call.keywords.append(ast.keyword("keepdims", ast.Constant(True)))
        changed = True
    return tree if changed else None


def _sums(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr in ("sum", "mean")


def _of_means(tree: ast.stmt) -> None:
    """Sums in the place of means: the mean over the samples is in δ already."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "mean":
            call.func.attr = "sum"


def _less(pattern: re.Pattern[str], *kinds: type[ast.operator]) -> Rule:
    """A factor or a divisor less."""

    def rule(tree: ast.stmt, mistake: Mistake, layout: Layout) -> ast.stmt | None:
        for node in ast.walk(tree):
            if not isinstance(node, ast.BinOp) or not isinstance(node.op, kinds):
                continue
            if pattern.search(_text(node.right)):
                return _replaced(tree, node, node.left)
            if isinstance(node.op, ast.Mult) and pattern.search(_text(node.left)):
                return _replaced(tree, node, node.right)
        return None

    return rule


def _without_slope(tree: ast.stmt, mistake: Mistake, layout: Layout) -> ast.stmt | None:
    """σ' less: a call of its function, or both factors of a (1 − a)."""
    products = [n for n in ast.walk(tree) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Mult)]
    slopes = [n for n in products if re.search(r"^1(\.0?)? - ", _text(n.right))]
    value = slopes[0].left if len(slopes) == 1 else None
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Mult):
        is_a = re.fullmatch(r"1(\.0?)? - " + re.escape(_text(value.right)), _text(slopes[0].right))
        return _replaced(tree, slopes[0], value.left) if is_a else None
    return None if slopes else _less(SLOPE, ast.Mult)(tree, mistake, layout)


def _turned(tree: ast.stmt, mistake: Mistake, layout: Layout) -> ast.stmt | None:
    """The matrix of a product with a .T more, or less."""
    turned = _only(
        n
        for n in ast.walk(tree)
        if isinstance(n, ast.Attribute) and n.attr == "T" and WEIGHTS.search(_text(n.value))
    )
    if isinstance(turned, ast.Attribute):
        return _replaced(tree, turned, turned.value)
    named = _only(
        n for n in ast.walk(tree)
        if isinstance(n, ast.Subscript | ast.Name | ast.Attribute) and isinstance(n.ctx, ast.Load)
        and re.fullmatch(r"(?i)(\w+\.)?(w|weights?|theta)\d*(\[.*\])?", _text(n))
        and not _is_base(n, tree)
    )  # fmt: skip
    return (
        _replaced(tree, named, ast.Attribute(named, "T", ast.Load())) if isinstance(named, ast.expr) else None
    )


def _is_base(node: ast.AST, tree: ast.stmt) -> bool:
    return any(isinstance(n, ast.Subscript | ast.Attribute) and n.value is node for n in ast.walk(tree))


def _adding(tree: ast.stmt, mistake: Mistake, layout: Layout) -> ast.stmt | None:
    """``+=`` for ``=``, where every sample counts."""
    if not isinstance(tree, ast.Assign) or len(tree.targets) != 1:
        return None
    target = tree.targets[0]
    if not isinstance(target, ast.Name | ast.Attribute | ast.Subscript) or "[" in _text(tree.value)[:1]:
        return None
    return ast.AugAssign(target, ast.Add(), tree.value)


def _same_place(tree: ast.stmt, mistake: Mistake, layout: Layout) -> ast.stmt | None:
    """``y`` for ``y - 1`` and ``y + 1`` in an index."""
    index = _only(
        n for n in ast.walk(tree)
        if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Add | ast.Sub)
        and isinstance(n.right, ast.Constant) and n.right.value == 1
    )  # fmt: skip
    return _replaced(tree, index, index.left) if isinstance(index, ast.BinOp) else None


def _summed(tree: ast.stmt, mistake: Mistake, layout: Layout) -> ast.stmt | None:
    """The sum over the samples of what is assigned."""
    if not isinstance(tree, ast.Assign) or layout.single or isinstance(tree.value, ast.Tuple | ast.List):
        return None
    axis = ast.keyword("axis", ast.Constant(1 if layout.samples == "columns" else 0))
    kept = [ast.keyword("keepdims", ast.Constant(True))] if layout.bias != "vector" else []
    tree.value = ast.Call(ast.Attribute(tree.value, "sum", ast.Load()), [], [axis, *kept])
    return tree


RULES: dict[str, Rule] = {
    "sign": _other_sign,
    "one number": _axis,
    "one mean": _axis,
    "sum over neurons": _axis,
    "mean over neurons": _axis,
    "not summed": _summed,
    "eta twice": _less(RATE, ast.Mult),
    "averaged twice": _less(COUNT, ast.Div),
    "gradient of quadratic cost with sigmoid": _without_slope,
    "softmax with sigma'": _without_slope,
    "W not transposed": _turned,
    "last sample": _adding,
    "label of the next class": _same_place,
    "label of the class before": _same_place,
}
"""What puts a line right, by what was done there."""
