"""A line where a column and a vector, (n, 1) and (n,), make a matrix (n, n) by broadcasting."""

from __future__ import annotations

import ast

from chainrule.diagnosis.telling.remarks import Remark, remark
from chainrule.diagnosis.verdict.parts import Part


def broadcast(part: Part, text: str, first_line: int) -> Remark | None:
    """The first line that makes a square matrix which no layer has."""
    one = part.answer.observed[0]
    shapes = {layer.W.shape for layer in one.trial.params}
    known = shapes | {shape[::-1] for shape in shapes}
    sides = {len(layer.b) for layer in one.trial.params} if one.trial.N == 1 else {one.trial.N}
    lines = text.splitlines()
    for step in part.answer.steps:
        n = len(step.array)
        place = step.line - first_line
        if step.array.shape != (n, n) or n == 1 or n not in sides or (n, n) in known:
            continue
        if 0 <= place < len(lines) and _adds(lines[place]):
            code = lines[place].strip()
            return remark("broadcast", n=n)._replace(line=step.line, code=code)
    return None


def _adds(line: str) -> bool:
    """Whether a line adds, subtracts or multiplies entry by entry."""
    try:
        tree = ast.parse(line.strip())
    except SyntaxError:
        return False
    kinds = ast.Add | ast.Sub | ast.Mult
    return any(
        isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, kinds) for node in ast.walk(tree)
    )
