"""The must-catch corpus: no false alarm, every fault flagged, the right explanation first."""

from __future__ import annotations

import ast

import pytest
from asking import asked, is_expected, names_the_line
from cases import CORPUS, FAULTY, RIGHT


@pytest.mark.parametrize("case", RIGHT, ids=lambda case: f"{case.id} {case.layers} {' '.join(case.options)}")
def test_a_right_program_is_called_right(case, tmp_path):
    diagnosis = asked(case, tmp_path)
    assert diagnosis.verdict == "right", str(diagnosis)
    assert diagnosis.exit_code == 0
    assert " is right: " in str(diagnosis)


@pytest.mark.parametrize("case", FAULTY, ids=lambda case: case.id)
def test_a_fault_is_flagged_and_explained(case, tmp_path):
    diagnosis = asked(case, tmp_path)
    assert diagnosis.verdict == "wrong", str(diagnosis)
    assert diagnosis.exit_code == 1
    assert is_expected(case, diagnosis), (diagnosis.keys, case.expected)


def test_the_line_shown_is_the_faulty_one(tmp_path):
    """In nine of ten; every third program here, all of them in benchmarks/diagnose_corpus.py."""
    some = [case for case in FAULTY if case.has_line][::3]
    wrong = [case.id for case in some if not names_the_line(case, asked(case, tmp_path))]
    assert len(wrong) <= 0.1 * len(some), wrong


def test_there_are_enough_of_them():
    assert len(RIGHT) >= 15
    assert len(FAULTY) >= 60
    assert len({case.base for case in RIGHT}) >= 15
    assert len({case.id for case in FAULTY}) == len(FAULTY)
    assert {case.base for case in (*RIGHT, *FAULTY)} == {path.stem for path in CORPUS.glob("*.py")}


@pytest.mark.parametrize("case", [case for case in FAULTY if case.edits], ids=lambda case: case.id)
def test_a_fault_is_another_program(case):
    before = next(right for right in RIGHT if right.base == case.base)
    same_code = ast.dump(ast.parse(before.text)) == ast.dump(ast.parse(case.text))
    assert not same_code or case.options or "#" in case.edits[0][1]
