"""`fuzz.damaged`: a short run finds nothing, and finds what is planted."""

from __future__ import annotations

import json

import pytest

from chainrule import Network
from chainrule.history import EpochRecord
from chainrule.report.learning import fit_in_words
from fuzz import damaged


@pytest.mark.slow
def test_a_short_run_finds_nothing(tmp_path):
    counts = damaged.run(80, 7, tmp_path)
    assert sum(counts.values()) > 60
    assert [word for _, word in counts if word.isupper()] == []
    assert sum(count for (_, word), count in counts.items() if word == "refused") > 10


@pytest.mark.slow
def test_what_is_not_checked_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr("chainrule.runs.written.check", lambda *_: None)
    counts = damaged.run(80, 7, tmp_path)
    assert any(word == "TRACEBACK" for _, word in counts)


@pytest.fixture
def run(tmp_path):
    damaged.good(tmp_path)
    return tmp_path / "run"


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        (
            "run.json",
            lambda about: about["options"].update(layers="2-3-2"),
            "run.json.options.layers must be",
        ),
        ("run.json", lambda about: about["data"].update(name=3), "run.json.data.name must be text; got 3"),
        ("run.json", lambda about: about.update(test=[]), "run.json.test must be an object"),
        ("run.json", lambda about: about.update(status=None), "run.json.status must be text"),
        ("history.jsonl", lambda line: line.update(loss="0.5"), "line 1 does not fit: line 1.loss must be"),
        ("history.jsonl", lambda line: line.pop("epoch"), "line 1 must be an object with epoch"),
        ("gradients.jsonl", lambda line: line.update(gradient=[0.5]), "must hold as many norms in each line"),
    ],
)
def test_a_wrong_kind_is_named(run, file, change, said):
    lines = (run / file).read_text("utf-8").splitlines()
    text = "\n".join(lines) if file.endswith(".json") else lines[0]
    about = json.loads(text)
    change(about)
    rest = [] if file.endswith(".json") else lines[1:]
    (run / file).write_text("\n".join([json.dumps(about), *rest]) + "\n", encoding="utf-8")
    code, error, output = damaged._call(["report", str(run), "-o", str(run / "page.html")])
    assert (code, error) == (1, None)
    assert said in " ".join(output.split())


def test_weights_that_are_no_numbers_are_refused_by_every_command(run, monkeypatch):
    network = Network.load(run / "model.safetensors")
    network.W[1][0, 0] = float("nan")
    monkeypatch.setattr("chainrule.model.serialization._check_finite", lambda *_: None)
    network.save(run / "model.safetensors")
    monkeypatch.undo()
    table = str(run.parent / "table.csv")
    for command in ("predict", "evaluate", "explain"):
        code, error, output = damaged._call([command, str(run / "model.safetensors"), table])
        assert (code, error) == (1, None)
        assert "W1 must be finite; W1[0, 0] is nan" in " ".join(output.split())


@pytest.mark.parametrize(
    ("losses", "said"),
    [
        ([0.5, 0.0, 0.0], "hardly moved"),
        ([0.5, 0.0, 0.4], "Validation loss was lowest in epoch 2, 0, and stands at 0.4 at the end"),
        ([0.0, 0.0], "hardly moved"),
    ],
)
def test_a_validation_loss_of_0(losses, said):
    records = [EpochRecord(k, 1.0 / k, 0.9, loss, 1.0, 0.1, 0.1) for k, loss in enumerate(losses, 1)]
    assert said in fit_in_words(records)
