"""`chainrule derive`, as people call it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from chainrule import Network
from tests.cli.commandline import chainrule


def test_the_published_example(tmp_path):
    done = chainrule("derive", "--example", "mazur-2015", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    for number in ("0.593269992", "0.75136507", "0.298371109", "0.082167041", "0.35891648", "0.149780716"):
        assert number in done.out
    assert max(map(len, done.out.splitlines())) <= 100


def test_the_published_example_by_its_values(here, tmp_path):
    facts = {"W": [[[0.15, 0.20], [0.25, 0.30]], [[0.40, 0.45], [0.50, 0.55]]], "b": [[0.35] * 2, [0.6] * 2]}
    (tmp_path / "w.json").write_text(json.dumps(facts), encoding="utf-8")
    own = ["2-2-2", "--output", "quadratic", "--numbers", "--digits", "9", "--weights", "w.json"]
    done = here("derive", *own, "--sample", "0.05,0.10", "--target", "0.01,0.99")
    assert done.code == 0, done.err
    assert done.out == here("derive", "2-2-2", "--output", "quadratic", "--example", "mazur-2015").out


@pytest.mark.parametrize(
    "arguments",
    [
        ["784-30-10"],
        ["2-3-2", "--output", "sigmoid"],
        ["4-5-5-3", "--hidden", "relu,tanh"],
        ["3-1", "--output", "sigmoid", "--numbers"],
        ["2-3-2", "--hidden", "z/(1+abs(z))", "--numbers", "--layout", "rows"],
    ],
    ids=" ".join,
)
def test_networks(here, arguments):
    done = here("derive", *arguments)
    assert (done.code, done.err) == (0, "")
    assert "steps verified, symbolically by SymPy" in " ".join(done.out.split())
    assert ("In numbers" in done.out) == ("--numbers" in arguments)


def test_a_trained_model_on_its_data(here, kinds, data):
    done = here("derive", "--model", kinds, "--data", data / "kinds.csv", "--sample", "0,5")
    assert done.code == 0, done.err
    assert "a mini-batch of 2 samples" in done.out


def test_a_row_of_a_known_data_set(here):
    done = here("derive", "64-5-10", "--data", "digits", "--sample", "7")
    assert done.code == 0, done.err
    assert "5 × 64" in done.out


@pytest.mark.parametrize(
    ("file", "start"),
    [("d.html", "<!doctype html>"), ("d.tex", r"\documentclass"), ("d.md", "# Back"), ("d.txt", "Back")],
)
def test_files(here, tmp_path, file, start):
    done = here("derive", "2-2", "-o", file)
    assert (done.code, done.out) == (0, "")
    assert "steps verified" in done.err
    assert (tmp_path / file).read_text(encoding="utf-8").startswith(start)


@pytest.mark.parametrize("form", ["text", "markdown", "latex", "html"])
def test_formats_to_standard_output(here, tmp_path, form):
    done = here("derive", "2-2", "--format", form)
    assert done.code == 0
    assert len(done.out) > 1000
    assert not any(tmp_path.iterdir())


def test_the_same_seed_gives_the_same_numbers(here):
    first = here("derive", "2-2-2", "--numbers", "--seed", "3").out
    assert first == here("derive", "2-2-2", "--numbers", "--seed", "3").out
    assert first != here("derive", "2-2-2", "--numbers", "--seed", "4").out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "LAYERS must be given"),
        (["2-3-2", "--hidden", "tahn"], "Did you mean 'tanh'?"),
        (["2-3-2", "--hidden", "tanh,tanh"], "one for each of the 1 hidden layers; got 2"),
        (["2-3-2", "--output", "hinge"], "output must be one of softmax"),
        (["2-3-2", "--example", "mazur-2015"], "LAYERS must be those of the example mazur-2015, 2-2-2"),
        (["--example", "mazur"], "example must be one of mazur-2015; got 'mazur'. Did you mean"),
        (["--example", "mazur-2015", "--weights", "w.json"], "one place; got --example and --weights"),
        (["2-2", "--sample", "1,2"], "must come in pairs; got 1 of one and 0 of the other"),
        (
            ["2-2", "--sample", "1,2,3", "--target", "1"],
            "--sample must have 2 numbers for this network; got 3",
        ),
        (["2-2", "--sample", "a,b", "--target", "1"], "numbers joined by commas; got 'a,b'"),
        (["2-2", "--sample", "1,2", "--target", "7"], "a class from 0 to 1; got '7'"),
        (["2-2", "--data", "digits"], "must have 64 inputs and 10 outputs for digits; it has 2 and 2"),
        (["64-10", "--data", "digits", "--sample", "9999"], "row numbers from 0 to 359"),
        (["64-10", "--data", "digits", "--target", "1"], "--target must be left out with --data"),
        (["2-2", "--weights", "none.json"], "none.json must be a JSON file"),
        (["2-2", "-o", "x.pdf"], "FILE must end in .md, .tex, .html"),
        (["2-2", "--learning-rate", "0"], "learning_rate must be above 0"),
        (["2-2", "--model", "none.safetensors"], "a model file must exist"),
    ],
    ids=lambda x: " ".join(x) if isinstance(x, list) else "",
)
def test_bad_input(here, tmp_path, arguments, said):
    done = here("derive", *arguments)
    assert (done.code, done.out) == (1, "")
    assert said in done.err
    assert done.err.startswith("Error: ")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1, 2]", "W or b is missing"),
        ('{"W": [[[1]]]}', "W or b is missing"),
        ('{"W": [[[1]]], "b": [[1]], "c": 1}', "got 'c'"),
        ('{"W": [[[1]]], "b": []}', "as many W as b"),
        ('{"W": [[[1, 2]]], "b": [[1, 2]]}', "must have shape"),
        ("{", "must be a JSON file"),
    ],
)
def test_a_bad_file_of_weights(here, tmp_path, text, said):
    (tmp_path / "w.json").write_text(text, encoding="utf-8")
    done = here("derive", "--weights", "w.json", "--output", "sigmoid")
    assert (done.code, done.out) == (1, "")
    assert said in done.err


@pytest.mark.parametrize(
    ("arguments", "learnt"),
    [(["2-3-2", "--hidden", "tanh", "--seed", "4"], False), (["--example", "mazur-2015"], True)],
)
def test_a_program_that_trains(here, tmp_path, arguments, learnt):
    assert here("derive", *arguments, "-o", "network.py").code == 0
    printed = here("derive", *arguments, "--format", "python")
    assert printed.out == (tmp_path / "network.py").read_text(encoding="utf-8")
    names = {"__name__": "network"}
    exec(printed.out, names)
    assert hasattr(names["Network"], "trained") == learnt
    network = names["Network"].trained() if learnt else names["Network"](seed=4)
    if learnt:
        x, y = np.array([[0.05, 0.10]]), np.array([[0.01, 0.99]])
        assert network.loss(x, y) == pytest.approx(0.298371109, abs=1e-9)
        network.gradient_descent(x, y, 0.5)
        assert network.W2[0, 0] == pytest.approx(0.35891648, abs=1e-8)
        assert network.W1[0, 0] == pytest.approx(0.149780716, abs=1e-9)
    else:
        assert np.array_equal(network.W1, Network([2, 3, 2], seed=4).W[1])


@pytest.mark.parametrize(
    "option", [["--numbers"], ["--sample", "1,2"], ["--digits", "3"], ["--learning-rate", "1"]], ids=" ".join
)
def test_a_program_holds_no_step_in_numbers(here, tmp_path, option):
    done = here("derive", "2-3-2", "-o", "network.py", *option)
    assert (done.code, (tmp_path / "network.py").exists()) == (1, False)
    assert f"{option[0]} must be left out with --format python" in " ".join(done.err.split())


def test_formulas_with_commas(here):
    done = here("derive", "2-2-2-2", "--hidden", "max(z, 0.1*z),tanh")
    assert done.code == 0, done.err
    assert "max(z, 0.1*z)" in done.out
