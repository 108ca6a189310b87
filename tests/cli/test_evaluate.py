"""``chainrule evaluate`` prints what `Network.evaluate` finds."""

from __future__ import annotations

import json

import pytest

from chainrule import Network, datasets
from tests.cli.commandline import chainrule


def load(run):
    return Network.load(run / "model.safetensors")


def read(network, path):
    spec = network.data
    return datasets.read(
        path, target=spec.target, features=spec.features, classes=spec.classes, scaling=spec.scaling
    )


@pytest.mark.parametrize("file", ["", "model.safetensors"])
@pytest.mark.parametrize("name", [[], ["digits"]])
def test_the_test_part_of_a_known_set(here, plain_train, file, name):
    (run,) = (plain_train[1] / "runs").iterdir()
    done = here("evaluate", run / file, *name)
    assert (done.code, done.err) == (0, "")
    evaluation = load(run).evaluate(datasets.load("digits")[1])
    assert f"accuracy  {100 * evaluation.accuracy:.2f} %" in done.out
    assert f"cross-entropy  {evaluation.loss:.4f}" in done.out
    assert "Dataset 'digits' (test): 360 samples" in done.out


def test_a_table(kinds, data, tmp_path):
    done = chainrule("evaluate", kinds, data / "kinds.csv", cwd=tmp_path)
    assert done.code == 0
    assert done.err == "note: the model was trained on a part of kinds.csv, and these figures include it.\n"
    network = load(kinds)
    evaluation = network.evaluate(read(network, data / "kinds.csv"))
    assert f"accuracy  {100 * evaluation.accuracy:.2f} %" in done.out
    rows = [line.split() for line in done.out.splitlines()[-3:]]
    assert rows == [
        [name, f"{precision:.3f}", f"{recall:.3f}", f"{f1:.3f}", str(support)]
        for name, precision, recall, f1, support in evaluation.by_class
    ]
    assert not any(tmp_path.iterdir())


def test_json_agrees_with_the_text(kinds, data, tmp_path, here):
    done = chainrule("evaluate", kinds, data / "kinds.csv", "--json", cwd=tmp_path)
    figures = json.loads(done.out)
    network = load(kinds)
    evaluation = network.evaluate(read(network, data / "kinds.csv"))
    assert figures["samples"] == 90
    assert figures["accuracy"] == evaluation.accuracy
    assert evaluation.loss in figures.values()
    assert figures["by_class"] == [scores._asdict() for scores in evaluation.by_class]
    text = here("evaluate", kinds, data / "kinds.csv").out
    for scores in figures["by_class"]:
        assert f"{scores['precision']:.3f}" in text


def test_multi_label_figures(pets, data, here):
    done = here("evaluate", pets, data / "pets.csv")
    network = load(pets)
    evaluation = network.evaluate(read(network, data / "pets.csv"))
    for said in (
        f"subset accuracy  {100 * evaluation.accuracy:.2f} %",
        f"Hamming loss  {evaluation.hamming_loss:.4f}",
        f"F1 micro  {evaluation.f1_micro:.4f}",
        f"F1 macro  {evaluation.f1_macro:.4f}",
        f"multi-label cross-entropy  {evaluation.loss:.4f}",
    ):
        assert said in done.out
    figures = json.loads(here("evaluate", pets, data / "pets.csv", "--json").out)
    values = {value for value in figures.values() if isinstance(value, float)}
    assert {evaluation.accuracy, evaluation.hamming_loss, evaluation.loss} < values
    assert {evaluation.f1_micro, evaluation.f1_macro} < values


def test_another_kind_of_file_with_the_same_samples(kinds, data, here):
    done = here("evaluate", kinds, data / "kinds.npz", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["samples"] == 90


def test_a_label_column_elsewhere(kinds, here, tmp_path):
    (tmp_path / "other.csv").write_text("sort,w,v,u\nant,0,0,4\nbee,0,4,0\ncat,4,0,0\n")
    for target in (["--target", "sort"], []):
        done = here("evaluate", kinds, "other.csv", *target, "--json")
        assert done.code == 0, done.err
        assert json.loads(done.out)["accuracy"] == 1


@pytest.mark.usefixtures("no_figures")
def test_a_file_called_like_a_data_set_is_not_taken_for_it(here, data, tmp_path):
    (tmp_path / "digits.csv").write_bytes((data / "kinds.csv").read_bytes())
    assert here("train", "digits.csv", "--epochs", 1, "--run", "run").code == 0
    done = here("evaluate", "run")
    assert done.code == 1
    assert "this one was trained on digits.csv" in done.err
