"""What the README says is so: its links, its commands, its examples."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EQUATIONS = (ROOT / "docs/reference/equations.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| ([A-Z]\d) \|.*\| `(\w+)\.(\w+)` \|$", EQUATIONS, flags=re.MULTILINE)
EXAMPLES = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


def test_the_table_of_the_reference_has_every_equation():
    assert [tag for tag, *_ in ROWS] == ["F1", "F2", "H1", "H2", "H3", "H4", "B1", "B2", "B3", "B4", "G1"]


@pytest.mark.parametrize(("tag", "module", "name"), ROWS)
def test_functions_are_where_the_table_says(tag, module, name):
    tree = ast.parse((ROOT / f"src/chainrule/equations/{module}.py").read_text(encoding="utf-8"))
    functions = {
        node.name: ast.get_docstring(node) for node in tree.body if isinstance(node, ast.FunctionDef)
    }
    assert tag in functions[name]


def test_links_lead_somewhere():
    targets = re.findall(r"\]\(([^)#]+)\)", README)
    assert len(targets) > 10
    for target in targets:
        assert (ROOT / target).exists(), target


def test_one_line_runs_all_tests():
    lines = [line for line in README.splitlines() if line.startswith("python3 -m venv ") and "pytest" in line]
    assert len(lines) == 1
    assert "-r requirements.lock" in lines[0]


def test_it_fits_on_a_few_screens():
    assert len(README.splitlines()) <= 135


def test_examples_run_one_after_another(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in EXAMPLES:
        assert len([line for line in block.splitlines() if line]) <= 8
        exec(block, names)
    printed = capsys.readouterr().out
    assert "One weight: W^2_{8,13} =" in printed
    assert "Suspected cause: dW[1], db[1]" in printed
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "digits.c",
        "digits.onnx",
        "digits.py",
        "digits.safetensors",
    ]
    assert 0.95 < float(printed.split()[-1]) <= 1
