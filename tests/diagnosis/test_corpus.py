"""The must-catch corpus: no false alarm, every fault flagged, the right explanation first."""

from __future__ import annotations

import ast

import pytest

from tests.diagnosis.asking import asked, is_expected, names_the_line
from tests.diagnosis.cases import CORPUS, FAULTY, RIGHT


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
    if case.has_line and case.id not in ELSEWHERE:
        assert names_the_line(case, diagnosis), (diagnosis.lines, sorted(case.lines))


ELSEWHERE = {
    "pure_loops: wrong index in the weights",
    "loop_over_samples: = for += in b",
    "loop_over_samples: b not divided",
    "loop_over_samples: no labels",
    "loop_over_samples: both divided in the loop and after",
    "loop_over_samples: return inside of the loop",
    "layer_objects: backward before the last Dense is left out",
    "layer_objects: binary cross-entropy over softmax reported",
    "layer_objects: ReLU passes everything",
    "params_pairs: gradient of b without the sum",
    "multi_label: reverse forgotten",
    "digit_recogniser: mean without axis",
    "leaky: another leak in the derivative",
}
"""Faults for which another line is shown, mostly the next one, or that of the same value."""


def test_the_line_shown_is_the_faulty_one_in_nine_of_ten():
    with_line = [case for case in FAULTY if case.has_line]
    assert {case.id for case in with_line} >= ELSEWHERE
    assert len(ELSEWHERE) <= 0.1 * len(with_line)


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
