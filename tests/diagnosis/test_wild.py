"""Programs in the styles of public projects, as they stand: right ones are called right, faults explained."""

from __future__ import annotations

import ast
import sys
import warnings
from contextlib import suppress

import pytest

from chainrule.diagnosis.asking.observe import findings
from chainrule.diagnosis.asking.source import from_file
from chainrule.diagnosis.catalogue.known import CATALOGUE
from chainrule.diagnosis.diagnosis import Diagnosis
from chainrule.diagnosis.verdict.intended import Options
from chainrule.diagnosis.verdict.judge import judge
from tests.diagnosis.wild_cases import FAULTY, RIGHT, SHORTFALLS, WILD


def _each(cases):
    """A case that is not yet as it must be is expected to fail, and only in that way."""
    return [
        pytest.param(
            one, id=one.id, marks=[pytest.mark.xfail(strict=True, reason=one.today)] * bool(one.today)
        )
        for one in cases
    ]


@pytest.mark.parametrize("case", _each((*RIGHT, *FAULTY)))
def test_it_is_judged_as_it_stands(case, tmp_path, monkeypatch):
    path = case.placed(tmp_path)
    monkeypatch.chdir(path.parent)
    monkeypatch.setattr(sys, "argv", [str(path)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs
        found = Diagnosis(judge(findings(from_file(str(path)), None, None), Options().checked()))
    assert case.shortfall(found) == "", f"{found.keys} {found.lines} of {sorted(case.lines)}\n{found}"


def test_every_program_is_named_once_with_the_project_of_its_style():
    named = [one.file for one in RIGHT]
    assert len(set(named)) == len(named)
    beside = {path for path in WILD.rglob("*") if path.suffix in (".py", ".ipynb") and path.parent == WILD}
    assert {WILD / name for name in named} >= beside
    assert all((WILD / one.file).is_file() and one.project and one.style for one in RIGHT)
    assert len({one.id for one in (*RIGHT, *FAULTY)}) == len(RIGHT) + len(FAULTY)


def test_what_is_not_yet_so_is_said_in_the_words_of_the_table():
    assert {one.today for one in (*RIGHT, *FAULTY)} <= {"", *SHORTFALLS}


def test_expected_mistakes_are_of_the_catalogue():
    known = {mistake.key for mistake in CATALOGUE}
    assert {key for one in FAULTY for order in one.expected for key in order.split(" + ")} <= known
    assert all(one.expected for one in FAULTY)


@pytest.mark.parametrize("case", [one for one in FAULTY if one.file.endswith(".py")], ids=lambda one: one.id)
def test_a_fault_is_another_program(case):
    before = (WILD / case.file).read_text(encoding="utf-8")
    with suppress(SyntaxError):  # print statements
        assert ast.dump(ast.parse(before)) != ast.dump(ast.parse(case.text))
    assert case.lines
