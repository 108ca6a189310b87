"""Figures become PNG files, and nothing global changes."""

from __future__ import annotations

import subprocess
import sys

import pytest
from matplotlib.image import imread

from chainrule import plots
from chainrule.errors import InputError, StorageError
from tests.plots.figures import HISTORY


@pytest.mark.parametrize("name", ["curves.png", "curves.PNG", "curves"])
def test_save_writes_png(tmp_path, name):
    path = tmp_path / "new" / name
    plots.save(plots.curves(HISTORY), path)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert imread(path, format="png").shape[:2] == (600, 1500)
    assert [entry.name for entry in path.parent.iterdir()] == [name]


def test_save_refuses_other_formats_and_places(tmp_path):
    with pytest.raises(InputError, match=r"must end in \.png; got .*curves\.svg"):
        plots.save(plots.curves(HISTORY), tmp_path / "curves.svg")
    (tmp_path / "file").touch()
    with pytest.raises(StorageError):
        plots.save(plots.curves(HISTORY), tmp_path / "file" / "curves.png")


def test_no_pyplot_and_no_scikit_learn():
    program = """
import sys
import matplotlib
before = matplotlib.rcParams.copy()
from chainrule import plots
plots.weights([[1.0, 2.0]], None)
assert all(matplotlib.rcParams._get(name) == before._get(name) for name in before)
assert "matplotlib.pyplot" not in sys.modules
assert "sklearn" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_public_names_are_functions():
    """Not modules of the same name, whatever is imported in whatever order."""
    assert all(
        callable(getattr(plots, name)) for name in ("curves", "confusion", "mistakes", "weights", "save")
    )
