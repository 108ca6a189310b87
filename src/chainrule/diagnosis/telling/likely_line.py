"""The line of somebody's code where a mistake probably is: the one whose words fit the equation best."""

from __future__ import annotations

import ast
import re

from chainrule.diagnosis.catalogue.mistakes import Family, Mistake
from chainrule.diagnosis.catalogue.models import QUADRATIC

ERROR = (
    r"(?i)\b(\w*delta\w*|\w*err\w*|d_?z\w*|d[hao]\w*|d|grad\w*|dscores|back)\b"
    r"[\w\[\]\s.+\-:,]*(=|\.append|\.insert)"
)
SLOPE = r"(?i)prime|deriv|slope|d_?act|d_?sig|d_?phi|d_?tanh|d_?relu|\bds\(|\bsp\b|1\.?0?\s*-|> ?0|<= ?0"
SLOPE_OF_A = (
    r"(?i)(prime|deriv|grad|slope|d_?\w{0,8}|tanh|sig\w*)"
    r"\(\s*(self\.)?(a|acts?|activations?|hs?|outs?|post)\b"
)
PRODUCT = r"@|\bdot\b|\.T\b|matmul|einsum|\* *delta|outer"
ASSIGNED = r"\w*[\"'\]\w\[\s\-+]*(=|\.append|\.insert|\+=)"
DW = rf"(?i)(d_?w|nabla_w|grads?_?w|gw|dweights?|weight\w*_?grad\w*|delta_w){ASSIGNED}|\[.*W\d"
DB = rf"(?i)(d_?b|nabla_b|grads?_?b|gb|dbias\w*|bias\w*_?grad\w*|delta_b){ASSIGNED}|\[.*b\d"
UPDATE = r"(?i)(lr|eta|rate|alpha)\b"
PATTERNS: dict[str, tuple[tuple[str, int], ...]] = {
    "B1": (
        (ERROR, 2),
        (r"(?i)[-−]\s*\w*(y|t|targets?|labels?|y_true)\b|\b(y\w*|targets?)\s*-", 4),
        (r"return .*-", 2),
        (r"log", -6),
    ),
    "B2": ((ERROR, 2), (PRODUCT, 3), (SLOPE, 2), (r"(?i)\bw\w*[\[.]|weights", 1)),
    "B3": ((DW, 4), (PRODUCT, 2)),
    "B4": ((DB, 4), (r"sum|mean", 1)),
    "G1": ((UPDATE, 3), (r"-=|\+=|- ", 2)),
    "H": ((r"\bexp\b|sum\(", 2), (r"(?i)softmax|/", 1)),
    "F1": ((r"(?i)\bz\w*\b.*=", 2), (PRODUCT, 2)),
    "F2": ((r"(?i)\ba\w*\b.*=", 1), (SLOPE, 1)),
}


def probable_line(text: str, mistake: Mistake, first_line: int = 1) -> tuple[int, str] | None:
    """(number, text) of the likeliest line, or nothing where none has the words."""
    slot = "G1" if mistake.tag == "G1" and mistake.slots != ("B2",) else mistake.slots[0]
    patterns = [*PATTERNS[slot], *_own(mistake)]
    skipped = _not_code(text)
    best, chosen = 3, None
    for number, line in enumerate(text.splitlines(), 1):
        code = line.split("#")[0].strip()
        if number in skipped or not code or re.match(r"(def|class|import|from|@|for|if|while)\b", code):
            continue
        score = sum(weight for pattern, weight in patterns if re.search(pattern, code))
        if score > best:
            best, chosen = score, (number + first_line - 1, line.strip())
    return chosen


def _own(mistake: Mistake) -> list[tuple[str, int]]:
    """Words of the mistake's own: φ' wants a slope in the line, a definition of φ' wants ``return``."""
    if mistake.family is Family.SLOPE_OF_A:
        return [(SLOPE_OF_A, 12)]
    before = mistake.family is Family.BEFORE_SLOPE
    if mistake.family.is_slope or before or mistake.tag == "F2" or mistake.other_loss == QUADRATIC:
        return [(SLOPE, 2)]
    return []


def _not_code(text: str) -> set[int]:
    """Numbers of the lines inside of docstrings."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return set()
    found: set[int] = set()
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            found |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return found
