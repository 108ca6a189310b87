from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))


@pytest.fixture(autouse=True)
def time_enough(monkeypatch):
    """What is found does not hang on how busy the machine is: explanations are searched for to the end."""
    monkeypatch.setattr("chainrule.diagnosis.verdict.judge.SEARCH_SECONDS", 100.0)
