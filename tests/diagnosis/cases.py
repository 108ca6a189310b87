"""The corpus: programs as people write them, right ones, and the same with a fault planted in their text.

A fault is an edit of the program, made without looking at how the catalogue expresses mistakes. All of them
stand in ``faults.toml``.
"""

from __future__ import annotations

import ast
import tomllib
from difflib import SequenceMatcher
from pathlib import Path
from typing import NamedTuple

from chainrule.diagnosis.catalogue.known import CATALOGUE

KEYS = {mistake.key for mistake in CATALOGUE}
CORPUS = Path(__file__).parent / "corpus"


class Case(NamedTuple):
    base: str
    name: str
    edits: tuple[tuple[str, str], ...]
    expected: tuple[str, ...]
    layers: str = "3-4-2"
    options: tuple[str, ...] = ()
    says: str = ""
    """Words of the faulty line, where the program was written with its fault."""

    @property
    def text(self) -> str:
        text = (CORPUS / f"{self.base}.py").read_text(encoding="utf-8")
        for old, new in self.edits:
            assert text.count(old) == 1, (self.base, self.name, old, text.count(old))
            text = text.replace(old, new)
        return text

    @property
    def id(self) -> str:
        return f"{self.base}: {self.name}"

    @property
    def lines(self) -> frozenset[int]:
        """Numbers of the faulty lines: those that the edits changed, and the neighbours of deleted ones."""
        after = self.text.splitlines()
        if self.says:
            return frozenset(n for n, line in enumerate(after, 1) if self.says in line)
        before = (CORPUS / f"{self.base}.py").read_text(encoding="utf-8").splitlines()
        found: set[int] = set()
        for kind, _, _, start, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
            if kind == "delete" or (kind == "replace" and not "".join(after[start:end]).strip()):
                found |= {start, start + 1}
            elif kind != "equal":
                found |= set(range(start + 1, end + 1))
        return frozenset(found)

    @property
    def has_line(self) -> bool:
        """Whether a line has an equation wrong; not where a comment or an option states another loss."""
        if not self.expected or not all(key in KEYS for key in self.expected[0].split(" + ")):
            return False
        if not self.edits:
            return bool(self.says)
        before = (CORPUS / f"{self.base}.py").read_text(encoding="utf-8")
        return ast.dump(ast.parse(before)) != ast.dump(ast.parse(self.text))


RIGHT = tuple(
    Case(base, "right", (), (), layers, options)
    for base, layers, options in (
        ("textbook", "3-4-2", ()),
        ("textbook", "5-4-3-2", ("--output", "quadratic")),
        ("textbook_entropy", "3-4-4-2", ("--output", "sigmoid")),
        ("textbook_entropy", "3-4-2", ()),
        ("course_dict", "3-4-1", ()),
        ("course_dict", "5-3-2", ("--hidden", "tanh", "--output", "sigmoid")),
        ("rows_function", "3-4-2", ("--output", "softmax", "--hidden", "tanh")),
        ("rows_function", "4-6-5-3", ()),
        ("columns_function", "3-4-2", ()),
        ("columns_function", "4-4-4", ()),
        ("pure_loops", "3-4-2", ()),
        ("loop_over_samples", "3-4-2", ()),
        ("step_pairs", "3-4-2", ()),
        ("step_in_place", "3-5-2", ("--hidden", "relu", "--output", "softmax")),
        ("layer_objects", "3-4-3-2", ()),
        ("two_layer_labels", "3-4-2", ()),
        ("trains_itself", "3-4-2", ()),
        ("multi_label", "3-4-2", ()),
        ("regression", "3-4-2", ()),
        ("params_pairs", "3-4-2", ()),
        ("flat_arguments", "3-4-2", ()),
        ("deep_square", "4-4-4-4-4", ()),
        ("deep_square", "3-5-4-2", ()),
        ("typed_dataclass", "3-4-2", ()),
        ("no_bias", "3-4-2", ()),
        ("digit_recogniser", "3-4-2", ()),
        ("recursion", "3-4-2", ()),
        ("elu_step", "3-4-2", ()),
        # written before their author had read the catalogue
        ("dvalues", "3-4-2", ()),
        ("full_jacobian", "3-4-2", ()),
        ("with_options", "3-4-4-2", ()),
        ("closures", "3-4-2", ()),
        ("single_precision", "3-5-4-2", ()),
        ("double_loops", "3-4-2", ()),
        ("labelled", "3-5-4", ()),
    )
)

FAULTY = tuple(
    Case(
        fault["base"],
        fault["name"],
        tuple((old, new) for old, new in fault.get("edits", ())),
        tuple(fault["expected"]),
        fault.get("layers", "3-4-2"),
        tuple(fault.get("options", ())),
        fault.get("says", ""),
    )
    for fault in tomllib.loads((CORPUS.parent / "faults.toml").read_text(encoding="utf-8"))["fault"]
)
