from __future__ import annotations

import os

import pytest

STRANGER = 54321


@pytest.fixture
def another(monkeypatch):
    """Give a file or a link to another user; where only root may, let this process act for another."""

    def give(path):
        if os.geteuid() == 0:
            os.lchown(path, STRANGER, STRANGER)
        else:
            monkeypatch.setattr(os, "geteuid", lambda: STRANGER)

    return give
