"""``chainrule report`` and ``chainrule compare`` as people call them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from matplotlib.image import imread

from tests.cli.commandline import chainrule
from tests.report.parsing import checked


@pytest.fixture(scope="module")
def runs(data, kinds):
    """A folder that holds two runs on the same table, in ``runs``."""
    folder = kinds.parent
    done = chainrule(
        "train", data / "kinds.csv", "--run", "second", "--epochs", 3, "--hidden", "tanh", cwd=folder
    )
    assert done.code == 0, done.err
    return folder


def test_report_writes_a_page_into_the_run(runs):
    done = chainrule("report", "second", cwd=runs)
    assert (done.code, done.out, done.err) == (0, f"report: {Path('second') / 'report.html'}\n", "")
    page = checked((runs / "second" / "report.html").read_text(encoding="utf-8"))
    assert {"fig-importance", "fig-gradients", "fig-calibration"} <= set(page.figures)
    assert "--hidden tanh --epochs 3" in page.text


def test_report_elsewhere(pets, tmp_path):
    done = chainrule("report", pets, "-o", "page.html", cwd=tmp_path)
    assert (done.code, done.out) == (0, "report: page.html\n")
    checked((tmp_path / "page.html").read_text(encoding="utf-8"))


def test_a_relative_path_is_found_from_the_run(data, tmp_path):
    (tmp_path / "kinds.csv").write_bytes((data / "kinds.csv").read_bytes())
    assert chainrule("train", "kinds.csv", "--epochs", 1, "--run", "runs/one", cwd=tmp_path).code == 0
    (tmp_path / "elsewhere").mkdir()
    done = chainrule("report", "../runs/one", cwd=tmp_path / "elsewhere")
    assert (done.code, done.err) == (0, "")
    page = checked((tmp_path / "runs" / "one" / "report.html").read_text(encoding="utf-8"))
    assert "fig-importance" in page.figures


def test_what_is_missing_is_said(runs, tmp_path):
    done = chainrule("report", tmp_path, cwd=tmp_path)
    assert done.code == 1
    assert re.fullmatch(r"Error: RUN must be a folder that chainrule train wrote.*\n", done.err)


def test_compare_says_what_differs_and_whether_it_matters(runs):
    done = chainrule("compare", "run", "second", "--html", "c.html", "--figure", "c.png", cwd=runs)
    assert done.code == 0, done.err
    assert re.search(r"^hidden +sigmoid +tanh$", done.out, re.MULTILINE)
    assert re.search(r"^epochs +30 +3$", done.out, re.MULTILINE)
    assert "initializer" not in done.out
    assert "McNemar p = " in done.out
    page = checked((runs / "c.html").read_text(encoding="utf-8"))
    assert "chainrule train" in page.text
    assert min(imread(runs / "c.png").shape[:2]) > 200


def test_compare_as_json(runs):
    done = chainrule("compare", "run", "second", "--json", cwd=runs)
    found = json.loads(done.out)
    assert found["runs"] == ["run", "second"]
    assert found["facts"]["hidden"] == ["sigmoid", "tanh"]
    (test,) = found["tests"]
    assert 0 <= test["p_value"] <= 1
    assert test["n"] == 18


def test_many_runs_stand_one_below_the_other(runs):
    done = chainrule("compare", *["run", "second"] * 3, cwd=runs, COLUMNS="200")
    assert done.code == 0
    assert len(re.findall(r"^second ", done.out, re.MULTILINE)) >= 3


def test_one_run_is_not_enough(runs):
    done = chainrule("compare", "run", cwd=runs)
    assert (done.code, "two runs or more" in done.err) == (1, True)
