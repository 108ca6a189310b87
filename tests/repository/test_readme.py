"""What the README points to is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FUNCTIONS = re.findall(r"\[`(\w+)`\]\((src/[\w/]+\.py)\)", README)


def test_the_table_has_every_equation():
    tags = re.findall(r"^\| ([A-Z]\d) \|", README, flags=re.MULTILINE)
    assert tags == ["F1", "F2", "H1", "H2", "H3", "H4", "B1", "B2", "B3", "B4", "G1"]
    assert len(FUNCTIONS) == len(tags)


@pytest.mark.parametrize(("name", "path"), FUNCTIONS)
def test_functions_are_where_the_table_says(name, path):
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert name in functions or Path(path).stem == name


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_one_line_runs_all_tests():
    lines = [line for line in README.splitlines() if line.startswith("python3 -m venv ") and "pytest" in line]
    assert len(lines) == 1
    assert "-r requirements.lock" in lines[0]


def test_python_examples_are_python():
    blocks = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert len(blocks) >= 3
    for block in blocks:
        ast.parse(block)
