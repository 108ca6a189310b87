"""Every tag of the derivation has a home: a function whose docstring names it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import chainrule

SOURCE = Path(chainrule.__file__).parent
FILES = sorted((SOURCE / "equations").glob("*.py"))
TAGS = ["F1", "F2", "H1", "H2", "H3", "H4", "B1", "B2", "B3", "B4", "P1", "P2", "Q1", "Q2", "S1", "D1", "G1"]
LIST = re.compile(r"\bEq\. ((?:[A-Z]\d+(?:,? (?:and|or|to) |, )?)+)")


def tags_in(text):
    """The tags of "Eq. B2" and of lists such as "Eq. F1, F2, and H1 or H3."."""
    return {tag for found in LIST.findall(text) for tag in re.findall(r"[A-Z]\d+", found)}


def homes():
    """{tag: names of the functions that claim it}."""
    found = {}
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                for tag in tags_in(ast.get_docstring(node) or ""):
                    found.setdefault(tag, set()).add(node.name)
    return found


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("Error. Eq. B2.", {"B2"}),
        ("Forward: Eq. F1, F2, and H1 or H3. Q9 is elsewhere", {"F1", "F2", "H1", "H3"}),
        ("(Eq. B1) and Eq. Q2", {"B1", "Q2"}),
        ("Eq. H3, F2. Source: X1", {"H3", "F2"}),
        ("no tag B2 here", set()),
    ],
)
def test_parser(text, tags):
    assert tags_in(text) == tags


@pytest.mark.parametrize("tag", TAGS)
def test_every_tag_has_a_theorem_that_runs(tag):
    from chainrule.proof.theorems import examine, select

    theorems = select((tag,))
    assert theorems
    for theorem in theorems:
        result = examine(theorem)
        assert result.passed, result.failure


def test_no_theorem_is_without_a_tag():
    from chainrule.proof import theorems

    assert set(theorems.TAGS) == {*TAGS, "NET"}


@pytest.mark.parametrize("tag", TAGS)
def test_every_tag_has_a_home(tag):
    assert homes().get(tag)


def test_no_tag_is_invented():
    assert set(homes()) <= set(TAGS)


@pytest.mark.parametrize(
    ("tag", "function"),
    [
        ("F1", "affine"),
        ("H1", "softmax"),
        ("H2", "categorical_cross_entropy"),
        ("H3", "sigmoid"),
        ("H4", "multi_label_cross_entropy"),
        ("B1", "cross_entropy_error"),
        ("B2", "hidden_error"),
        ("B3", "weight_gradient"),
        ("B4", "bias_gradient"),
        ("P1", "l2_penalty"),
        ("P2", "l1_penalty"),
        ("Q1", "quadratic_cost"),
        ("Q2", "quadratic_error"),
        ("S1", "smooth_labels"),
        ("D1", "dropout"),
        ("G1", "descend"),
    ],
)
def test_the_tag_is_where_the_equation_is(tag, function):
    assert function in homes()[tag]


def test_every_activation_is_f2():
    from chainrule.equations.activations import ACTIVATIONS

    assert {activation.phi.__name__ for activation in ACTIVATIONS.values()} <= homes()["F2"]
