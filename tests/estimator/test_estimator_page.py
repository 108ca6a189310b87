"""The page's table of features and the tests belong together."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from sklearn.neural_network import MLPClassifier

HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "docs"
PAGE = (DOCS / "estimator.md").read_text(encoding="utf-8")
FEATURES = (DOCS / "results/features.md").read_text(encoding="utf-8")
TESTS = {
    node.name
    for path in HERE.glob("test_*.py")
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    if isinstance(node, ast.FunctionDef)
}


def rows(heading):
    """The cells of each line of the table below a heading, or of the one included there."""
    part = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    part = FEATURES if "{include} results/features.md" in part else part
    lines = [line for line in part.splitlines() if line.startswith("| ")][1:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_row_of_the_features_has_a_test():
    features = rows("Features")
    assert len(features) > 20
    named = [row[-1].strip("`") for row in features]
    assert named[-2:] == ["", ""]  # what is left out
    assert [name for name in named[:-2] if name not in TESTS] == []
    assert len(set(named[:-1])) == len(named[:-1])


def test_what_is_left_out_is_said():
    assert [row[1] for row in rows("Features")[-2:]] == ["no", "no"]
    assert all(row[1] == "yes" for row in rows("Features")[:-2])


@pytest.mark.parametrize("name", sorted(MLPClassifier().get_params()))
def test_every_parameter_of_mlp_is_named(name):
    part = PAGE.split("## Coming from MLPClassifier")[1].split("## Features")[0]
    assert f"`{name}`" in part


def test_the_engine_of_each_row_is_the_one_that_is_chosen():
    from chainrule.engines.choice import engine_for

    for sizes, *_, chosen in rows("Which engine"):
        n, columns, classes = (int(number.replace(",", "")) for number in re.findall(r"[\d,]*\d", sizes))
        batch, outputs = min(200, n), classes if classes > 2 else 1
        found = engine_for("auto", [columns, 100, outputs], batch, 200 * -(-n // batch))
        assert found == {"reference": "reference", "fast": "auto"}[chosen]
