"""The table of features: its columns are what the probes find, and a probe finds out who cannot."""

from __future__ import annotations

import ast
import importlib.util
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from benchmarks.features import __main__ as command
from benchmarks.features.base import LINES, NotHere, Peer, by_code
from benchmarks.features.report import CELLS, ask, short
from benchmarks.features.rows import ROWS, Row, labels, must
from benchmarks.features.scikit import Chainrule

ROOT = Path(__file__).parents[2]
RESULTS = (ROOT / "docs/results/features.md").read_text(encoding="utf-8")
TABLE = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in RESULTS.splitlines()
    if line.startswith("| ")
]
COLUMNS = [[row[number] for row in TABLE[1:]] for number in range(1, 5)]
titles = [row.title for row in ROWS]


def test_the_table_is_of_all_rows_and_libraries():
    assert TABLE[0] == ["", "chainrule", "MLPClassifier", "skorch", "Keras", "test"]
    assert [row[0] for row in TABLE[1:]] == titles
    assert {cell for column in COLUMNS for cell in column} <= set(CELLS)
    assert [row[5].strip("`") for row in TABLE[1:]] == [row.test for row in ROWS]


def test_every_no_has_a_reason():
    for row, *cells, _ in TABLE[1:]:
        for library, cell in zip(TABLE[0][1:], cells, strict=False):
            assert (f"- {row}, {library}: " in RESULTS) == (cell in ("no", "not tested"))


@pytest.mark.parametrize("row", ROWS, ids=titles)
@pytest.mark.parametrize("name", ["chainrule", "sklearn"])
def test_the_columns_that_are_always_there(row, name):
    pytest.importorskip("sklearn.callback", reason="the table is of scikit-learn 1.9")
    answer = ask(command.load(name), row)
    assert answer.cell == COLUMNS[list(command.PEERS).index(name)][titles.index(row.title)], answer.reason


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "packages"), [("skorch", ["torch", "skorch"]), ("keras", ["torch", "keras"])]
)
def test_the_columns_of_the_others(name, packages):
    for package in packages:
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed: pip install --group features")
    with warnings.catch_warnings(action="ignore"):
        peer = command.load(name)
    found = [ask(peer, row).cell for row in ROWS]
    assert found == COLUMNS[list(command.PEERS).index(name)]


def plainly(X, y, *args, **options):
    """As if there were no options."""
    return Chainrule().train(X, y)


WRONG = {
    "estimator": lambda: type("Nothing", (Chainrule.make,), {"predict": lambda self, X: np.zeros(len(X))})(),
    "text": lambda X, names: plainly(X, np.unique(names, return_inverse=True)[1]),
    "several": lambda X, Y: plainly(X, Y[:, 0]),
    "sparse": lambda X, y, **options: plainly(X.toarray(), y),
    "sparse_proba": lambda model, X: model.predict_proba(X),
    "names": lambda frame, y: plainly(frame.to_numpy(), y),
    "validated": lambda X, y, *args: (plainly(X, y), [0.5] * 7),
    "best": lambda X, y, *args: (plainly(X, y), [0.3, 0.1, 0.2]),
    "stopped": lambda X, y, at: (plainly(X, y), [1, 2, 3, 4]),
    "activations": lambda X, y: Chainrule().train(X, y, hidden=(8, 7)),
    "optimisers": lambda X, y: dict.fromkeys(["rmsprop", "adamw"], Chainrule().train(X, y, epochs=100)),
    "falling": lambda X, y, epochs: [
        Chainrule().parameters(Chainrule().train(X, y, epochs=epoch)) for epoch in range(1, epochs + 1)
    ],
    "clip_norm": lambda X, y, limit, epochs: Chainrule().clip_norm(X, y, None, epochs),
    "clip_value": lambda X, y, limit, epochs: Chainrule().clip_value(X, y, None, epochs),
    "parts": lambda X, y, epochs: (plainly(X, y), Chainrule().train(X, y, epochs=epochs)),
    "parts_pickled": lambda X, y, epochs, between: (plainly(X, y), Chainrule().train(X, y, epochs=epochs)),
    "log_proba": lambda X, y, far: np.log(plainly(X, y).predict_proba(far)),
    "one_step": lambda X, y, theta, rate: (13.8, [(0.9 * theta[0][0], theta[0][1])]),
    "bar": lambda X, y: print("training"),
    "searched": lambda: (
        Chainrule.make(max_iter=1, learning_rate_init=1e-9),
        "hidden_layer_sizes",
        [(4,), (8,)],
    ),
    "gradients": lambda X, y: False,
    "explained": lambda X, y: "it is what it is",
    "other_layers": lambda images, y: [plainly(images.reshape(len(y), -1), y * 0)],
    "gpu": lambda X, y: plainly(X, y // 2),
}


WAYS = [name for name in vars(Peer) if not name.startswith("_") and callable(getattr(Peer, name))]
BASIC = ("train", "proba", "predict", "parameters", "version")
Deaf = type(
    "Deaf", (Chainrule,), {name: staticmethod(WRONG.get(name, plainly)) for name in WAYS if name not in BASIC}
)


@pytest.mark.parametrize("row", ROWS, ids=titles)
def test_who_does_as_if_is_found_out(row):
    """By the effect that is missing, not by an error."""
    if row.title == "float32 stays float32":
        peer = type(
            "Wide", (Chainrule,), {"proba": lambda self, *args: Chainrule().proba(*args).astype(float)}
        )
    else:
        peer = Deaf
    answer = ask(peer(), row)
    assert answer.cell == "no"
    assert not answer.reason.startswith("`"), answer.reason


class Made(Peer):
    def bar(self, X, y):
        raise ValueError("no\n bars | `here`")

    @by_code
    def gradients(self, X, y):
        return True

    def gpu(self, X, y):
        raise NotHere("no GPU here")


def test_what_an_answer_says():
    rows = {row.title: row for row in ROWS}
    assert ask(Made(), rows["a progress bar"]) == ("no", "`ValueError: no bars \\| 'here'`")
    assert ask(Made(), rows["gradients held to differences"]) == ("by code", "")
    assert ask(Made(), rows["a GPU"]) == ("not tested", "no GPU here")
    assert ask(Made(), rows["dropout"]) == ("no", "no such option")
    assert ask(Made(), Row("", lambda peer: must(1, ""), "")) == ("yes", "")
    assert len(short(ValueError("long " * 100))) < 180


def functions():
    """Every function and class of the peers: its file, itself, whether it is marked as the user's."""
    for path in sorted((ROOT / "benchmarks/features").glob("*.py")):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(re.sub(r"\n\n+", "\n", text))):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                marks = {getattr(mark, "id", "") for mark in node.decorator_list}
                yield path.stem, node, "by_code" in marks


def lines(node):
    """Lines of code, without the docstring."""
    text = node.body[0].end_lineno - node.body[0].lineno + 1 if ast.get_docstring(node) else 0
    return node.end_lineno - node.lineno + 1 - text


def names(node):
    found = {call.attr for call in ast.walk(node) if isinstance(call, ast.Attribute)}
    return found | {call.id for call in ast.walk(node) if isinstance(call, ast.Name)}


HELPERS = ("_labels", "_epochs", "told", "ByEpoch")
"""What the user would have to write, too."""


def test_by_code_is_a_few_lines():
    every = list(functions())
    marked = [(stem, node) for stem, node, mark in every if mark]
    assert len(marked) > 25
    for stem, node in marked:
        used = [
            other
            for where, other, _ in every
            if other.name in HELPERS and other.name in names(node) and where in (stem, "telling")
        ]
        assert lines(node) + sum(map(lines, used)) <= LINES, (stem, node.name)


def test_what_is_not_installed_is_said(capsys, monkeypatch):
    monkeypatch.setitem(command.PEERS, "skorch", ("not_there", "Skorch"))
    assert [peer.name for peer in command.installed(["chainrule", "skorch"])] == ["chainrule"]
    assert "skorch left out: No module named" in capsys.readouterr().err


def test_the_command_writes_what_it_prints(tmp_path, capsys):
    command.main(["--peers", "chainrule", "sklearn", "--only", "dropout", "--write", str(tmp_path / "f.md")])
    said = capsys.readouterr()
    assert (tmp_path / "f.md").read_text(encoding="utf-8") == said.out
    assert "| dropout | yes | no | `test_dropout` |" in said.out
    assert said.err == "dropout: yes, no\n"


def test_the_data_have_something_to_tell():
    _, Y = labels()
    assert len(np.unique(Y.sum(axis=1))) > 2  # neither one class a sample nor all alike
