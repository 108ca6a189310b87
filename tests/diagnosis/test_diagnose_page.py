"""docs/diagnose.md shows what the commands in it print."""

from __future__ import annotations

import re
from pathlib import Path

from chainrule import diagnose
from chainrule.diagnosis import diagnose_file
from tests.diagnosis.asking import ask_here, asked
from tests.diagnosis.cases import CORPUS, FAULTY

PAGE = (Path(__file__).parents[2] / "docs" / "diagnose.md").read_text(encoding="utf-8")


def joined(text):
    return " ".join(text.split())


def shown(number):
    return re.findall(r"```text\n(.*?)```", PAGE, flags=re.DOTALL)[number]


def test_the_textbook_case_is_what_is_printed(monkeypatch):
    monkeypatch.setattr("chainrule.diagnosis.diagnosis.ask_file", ask_here)
    found = diagnose_file(str(CORPUS / "textbook.py"), None, (3, 4, 2), loss="cross-entropy")
    assert _without_rounding(str(found)) == _without_rounding(shown(0))


def test_binary_cross_entropy_over_softmax(tmp_path):
    case = next(case for case in FAULTY if case.name == "binary cross-entropy over softmax reported")
    assert _without_rounding(shown(1)) in _without_rounding(str(asked(case, tmp_path)))


def test_scikit_learns_regressor():
    from sklearn.neural_network import MLPRegressor

    text = str(diagnose(MLPRegressor(hidden_layer_sizes=(5,), activation="tanh")))
    assert _without_rounding(shown(2)) in _without_rounding(text)


def test_clipped_probabilities(tmp_path):
    case = next(case for case in FAULTY if case.base == "course_dict")._replace(edits=CLIPPED)
    found = asked(case, tmp_path)
    assert found.verdict == "right"
    assert joined(shown(3)) in joined(str(found))


CLIPPED = (("    m = Y.shape[1]\n", "    m = Y.shape[1]\n    A2 = np.clip(A2, 1e-7, 1 - 1e-7)\n"),)


def _without_rounding(text):
    """The text with every figure of rounding error the same: they differ by machine."""
    return re.sub(r"\b\d(\.\d)?e-1\d\b", "ROUNDING", joined(text))
