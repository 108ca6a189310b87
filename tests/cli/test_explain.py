"""``chainrule explain`` prints what `Network.explain` finds."""

from __future__ import annotations

import json

import numpy as np
import pytest

from chainrule import Network, datasets
from chainrule.equations import network as equations
from tests.cli.commandline import chainrule


def explanation(run, path, index):
    network = Network.load(run / "model.safetensors")
    spec = network.data
    data = datasets.read(
        path, target=spec.target, features=spec.features, classes=spec.classes, scaling=spec.scaling
    )
    return network.explain(data.X[index], data.y[index]), data


@pytest.fixture(scope="module")
def digits_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("digits") / "run"
    done = chainrule("train", "--epochs", 2, "--run", folder, cwd=folder.parent)
    assert done.code == 0, done.err
    return folder


@pytest.mark.parametrize("file", ["", "model.safetensors"])
def test_a_table(kinds, data, tmp_path, file):
    done = chainrule("explain", kinds / file, data / "kinds.csv", "--index", 7, cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    e, _ = explanation(kinds, data / "kinds.csv", 7)
    found = done.out.splitlines()
    assert found[1] == "Sample 7 of 'kinds', counted from 0"
    assert "true class 1 'bee'" in found[2]
    assert found[3].startswith(f"J = {e.loss:.6g}, the cross-entropy of this sample")
    assert "are float32" in done.out
    assert "Scaled as in training: a^0_k = (raw_k − shift_k) / scale_k." in found
    raw = [float(v) for v in (data / "kinds.csv").read_text().splitlines()[8].split(",")[:3]]
    for k, name in enumerate("uvw"):
        (line,) = [line.split() for line in found if line.split()[:2] == [str(k + 1), name]]
        assert float(line[2]) == pytest.approx(raw[k], rel=1e-4)
        assert float(line[3]) == pytest.approx(e.x[k], rel=1e-4)
    assert max(map(len, found)) <= 100
    assert not any(tmp_path.iterdir())


def test_a_known_set_needs_no_data(digits_run, tmp_path):
    options = ["--index", 5, "--weight", "1,2,20", "--bias", "2,3", "--figure", "new/e.png"]
    done = chainrule("explain", digits_run, *options, cwd=tmp_path)
    assert done.code == 0, done.err
    assert done.err == "figure written to new/e.png\n"
    assert (tmp_path / "new/e.png").read_bytes().startswith(b"\x89PNG")
    network, test = Network.load(digits_run / "model.safetensors"), datasets.load("digits")[1]
    e = network.explain(test.X[5], test.y[5], sample="Sample 5 of 'digits' (test), counted from 0")
    parts = [e, e.weight(1, 2, 20), e.bias(2, 3)]
    assert done.out == "".join(part.to_text(100) + "\n" for part in parts)
    assert done.out.count(": right") >= 2
    assert chainrule("explain", digits_run, "digits", *options[:6], cwd=tmp_path).out == done.out


def test_a_narrow_terminal(kinds, data, tmp_path):
    done = chainrule("explain", kinds, data / "kinds.csv", "--weight", "2,1,0", cwd=tmp_path, COLUMNS="80")
    assert max(map(len, done.out.splitlines())) <= 80
    without = chainrule("explain", kinds, data / "kinds.csv", cwd=tmp_path, COLUMNS="80")
    assert done.out.startswith(without.out)


def test_colour_on_a_terminal(digits_run, tmp_path):
    plain = chainrule("explain", digits_run, cwd=tmp_path)
    terminal = {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    done = chainrule("explain", digits_run, cwd=tmp_path, **terminal)
    assert "\x1b[" not in plain.out
    assert "\x1b[48;2;" in done.out
    none = chainrule("explain", digits_run, cwd=tmp_path, **terminal, NO_COLOR="1")
    assert none.out == plain.out


def test_json(kinds, data, tmp_path):
    options = ["--index", 4, "--json", "--weight", "1,0,2", "--learning-rate", 0.25]
    done = chainrule("explain", kinds, data / "kinds.csv", *options, cwd=tmp_path)
    e, _ = explanation(kinds, data / "kinds.csv", 4)
    found = json.loads(done.out)
    assert found["loss"] == e.loss
    np.testing.assert_array_equal(found["layers"][0]["dW"], e.dW[1].tolist())
    (p,) = found["parameters"]
    assert p["parameter"] == "W[1][0, 2]"
    assert p["gradient"] == float(e.dW[1][0, 2])
    assert p["check"]["verdict"] == "right"
    assert p["step"]["learning_rate"] == 0.25


@pytest.mark.parametrize(
    ("ending", "starts"), [(".txt", "Network("), (".md", "Network("), (".html", "<!doctype html>")]
)
def test_to_a_file(here, kinds, data, tmp_path, ending, starts):
    done = here("explain", kinds, data / "kinds.csv", "--weight", "1,0,2", "-o", f"new/e{ending}")
    assert (done.code, done.out, done.err) == (0, "", f"explanation written to new/e{ending}\n")
    text = (tmp_path / f"new/e{ending}").read_text(encoding="utf-8")
    assert text.startswith(starts)
    assert ("<mi>W</mi>" if ending == ".html" else "W^1") in text
    if ending == ".txt":
        assert text == here("explain", kinds, data / "kinds.csv", "--weight", "1,0,2").out


def test_several_labels(pets, data, here):
    done = here("explain", pets, data / "pets.csv", "--index", 3, "--weight", "2,1,0")
    assert done.code == 0, done.err
    assert "multi-label cross-entropy" in done.out
    assert "0 'cat'" in done.out
    assert ": right" in done.out


def test_a_wrong_prediction_is_said_plainly(kinds, data, here):
    _, dataset = explanation(kinds, data / "kinds.csv", 0)
    network = Network.load(kinds / "model.safetensors")
    wrong = np.flatnonzero(network.predict(dataset.X) != dataset.y)
    lines = (data / "kinds.csv").read_text().splitlines()
    index = int(wrong[0]) if wrong.size else 0
    if not wrong.size:
        lines[1] = lines[1].rsplit(",", 1)[0] + ",cat"
    place = "turned-kinds.csv"
    with open(place, "w", encoding="utf-8") as file:
        file.write("\n".join(lines))
    done = here("explain", kinds, place, "--index", index)
    assert ": WRONG (class " in done.out.splitlines()[2]


def test_a_wrong_equation_shows(kinds, data, here, monkeypatch):
    right = equations.hidden_error
    monkeypatch.setattr(equations, "hidden_error", lambda *args: 1.5 * right(*args))
    done = here("explain", kinds, data / "kinds.csv", "--weight", "1,0,2", "--weight", "2,0,2")
    verdicts = " ".join(done.out.split()).split("Gradient ")[1:]
    assert ": wrong" in verdicts[0].split("One step")[0]
    assert ": right" in verdicts[1].split("One step")[0]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--index", 90], "--index must be 0…89 for 'kinds', which has 90 samples here; got 90"),
        (["--index", -1], "--index must be 0…89"),
        (["--weight", "3,0,0"], "layers with weights must be 1…2; got 3"),
        (["--weight", "2,3,0"], "a weight of layer 2 must have j = 0…2 and k = 0…29"),
        (["--bias", "1,30"], "a bias of layer 1 must have j = 0…29"),
        (["--weight", "1,0,0", "--learning-rate", 0], "learning_rate must be above 0"),
        (["-o", "e.pdf"], "must end in .txt, .md, .html; got 'e.pdf'"),
        (["--figure", "e.pdf"], "a figure's file must end in .png"),
    ],
)
def test_bad_options(kinds, data, here, tmp_path, options, said):
    done = here("explain", kinds, data / "kinds.csv", *options)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("Error: ")
    assert said in done.err
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--weight", "1,2"], "must be whole numbers L,j,k, like 2,7,12; got '1,2'"),
        (["--weight", "a,b,c"], "got 'a,b,c'"),
        (["--weight", "1,-2,0"], "got '1,-2,0'"),
        (["--bias", "1,2,3"], "must be whole numbers L,j, like 2,7; got '1,2,3'"),
        (["--index", "x"], "'x' is not a valid int"),
    ],
)
def test_wrong_usage(kinds, here, options, said):
    done = here("explain", kinds, *options)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_data_must_be_named(kinds, here):
    assert "chainrule explain MODEL DATA" in here("explain", kinds).err
