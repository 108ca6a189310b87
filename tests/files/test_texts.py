"""The data files of sentences that are said with values filled in."""

from __future__ import annotations

import ast
import inspect

import pytest

from chainrule.files.texts import said, texts
from chainrule.report import gradients, learning


def test_every_sentence_of_a_report_is_said():
    trees = [ast.parse(inspect.getsource(module)) for module in (gradients, learning)]
    constants = {node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert set(texts("report/words.toml")) <= constants


def test_values_are_filled_in_and_lines_joined():
    assert said("report/words.toml", "dead", which="layer 1 gets", L=1) == (
        "At the end layer 1 gets no gradient: every ∂J/∂W^1 is 0."
    )
    assert "(W^{L+1})ᵀ" in said("report/words.toml", "less_vanishing", why="")
    assert "\n" not in said("report/words.toml", "level")
    with pytest.raises(KeyError, match="never said"):
        said("report/words.toml", "never said")
