from __future__ import annotations

from math import inf

import pytest


@pytest.fixture(autouse=True)
def time_enough(monkeypatch):
    """What is found does not hang on how busy the machine is: all is tried, and searched to the end."""
    monkeypatch.setattr("chainrule.diagnosis.verdict.judge.SEARCH_SECONDS", inf)
    monkeypatch.setattr("chainrule.diagnosis.asking.observe.SECONDS", inf)
