"""The line of somebody's code where a mistake probably is: the one whose words fit the equation best."""

from __future__ import annotations

import ast
import re

from chainrule.diagnosis.catalogue.mistakes import Family, Mistake
from chainrule.diagnosis.catalogue.models import QUADRATIC
from chainrule.files.texts import texts

KNOWN = texts("diagnosis/telling/likely_line.toml")
WORDS: dict[str, str] = KNOWN["words"]
LINES: dict[str, dict[str, int]] = KNOWN["lines"]


def probable_line(text: str, mistake: Mistake, first_line: int = 1) -> tuple[int, str] | None:
    """(number, text) of the likeliest line, or nothing where none has the words."""
    slot = "G1" if mistake.tag == "G1" and mistake.slots != ("B2",) else mistake.slots[0]
    weights = [*LINES[slot].items(), *_own(mistake)]
    skipped = _not_code(text)
    best, chosen = 3, None
    for number, line in enumerate(text.splitlines(), 1):
        code = line.split("#")[0].strip()
        if number in skipped or not code or re.match(r"(def|class|import|from|@|for|if|while)\b", code):
            continue
        score = sum(weight for word, weight in weights if re.search(WORDS[word], code))
        if score > best:
            best, chosen = score, (number + first_line - 1, line.strip())
    return chosen


def _own(mistake: Mistake) -> list[tuple[str, int]]:
    """Words of the mistake's own: φ' wants a slope in the line, a definition of φ' wants ``return``."""
    if mistake.family is Family.SLOPE_OF_A:
        return [("slope_of_a", 12)]
    before = mistake.family is Family.BEFORE_SLOPE
    if mistake.family.is_slope or before or mistake.tag == "F2" or mistake.other_loss == QUADRATIC:
        return [("slope", 2)]
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
