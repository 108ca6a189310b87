"""Model files are a contract: those of every released version are read, newer formats are refused."""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path

import numpy as np
import pytest

import chainrule
from chainrule import ModelFileError, Network
from chainrule.files.tensors import FORMAT, read_model, write_model
from tests.fixtures.make_models import networks

FOLDER = Path(__file__).parents[1] / "fixtures/models"
FILES = sorted(FOLDER.glob("*/*.safetensors"))
TOLERANCE = {"float32": 1e-6, "float64": 1e-12}


def name_of(path):
    return f"{path.parent.name}-{path.stem}"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_files_of_every_version_are_read(path):
    with np.load(path.parent / "outputs.npz") as known:
        X, expected = known["X"], known[path.stem]
    network = Network.load(path)
    network.engine = "reference"
    assert np.abs(network.predict_proba(X) - expected).max() <= TOLERANCE[network.dtype.name]
    assert read_model(path)[1]["chainrule"] == path.parent.name


def test_the_running_version_has_its_files():
    assert {path.stem for path in FILES if path.parent.name == chainrule.__version__} == set(networks())


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_read_and_written_is_the_same_network(path, tmp_path):
    network = Network.load(path)
    network.save(tmp_path / "again")
    tensors, about = read_model(path)
    new_tensors, new_about = read_model(tmp_path / "again")
    assert {name: t.tobytes() for name, t in tensors.items()} == {
        name: t.tobytes() for name, t in new_tensors.items()
    }
    missing = {name for name in about if about[name] != new_about.get(name)}
    assert missing <= {"chainrule"}  # the version that wrote it


def test_names_scaling_and_record_come_back():
    network = Network.load(FOLDER / "0.1.0/trained.safetensors")
    assert network.classes == ("α", "b c", "3")
    assert network.data.features == ("u", "v", "w", "x")
    assert network.data.shape == (2, 2)
    assert network.data.name == "flowers"
    assert network.data.scaling.shift.tolist() == [0.5, 0.0, -1.25, 3.0]
    assert network.data.scaling.scale.tolist() == [1.0, 2.0, 0.25, 8.0]
    assert network.training[0]["epochs_done"] == 2


@pytest.mark.parametrize("version", [FORMAT + 1, 10**6])
def test_a_newer_format_is_refused(tmp_path, monkeypatch, version):
    tensors, about = read_model(FILES[0])
    monkeypatch.setattr("chainrule.files.tensors.FORMAT", version)
    write_model(tmp_path / "new", tensors, about)
    monkeypatch.undo()
    with pytest.raises(
        ModelFileError, match=rf"format {FORMAT} or older; it is of format {version}.*Upgrade"
    ):
        Network.load(tmp_path / "new")


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_the_format_is_what_the_documentation_says(path):
    """Read as docs/model-format.md tells: eight bytes, a header, numbers; and the checksum of all of it."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    metadata, numbers = header.pop("__metadata__"), content[8 + length :]
    assert metadata["format"] == "chainrule 1"
    about = json.loads(metadata["chainrule"])
    widths, H = about["layers"], len(about["layers"]) - 1
    names = {f"{letter}{L}" for letter in "Wb" for L in range(1, H + 1)}
    assert set(header) == names | ({"scaling.shift", "scaling.scale"} if "data" in about else set())
    digest = hashlib.sha256((metadata["format"] + metadata["chainrule"]).encode())
    for name in sorted(header):
        tensor = header[name]
        kind = {"F32": "float32", "F64": "float64"}[tensor["dtype"]]
        shape = (
            f"({tensor['shape'][0]},)"
            if len(tensor["shape"]) == 1
            else f"({', '.join(map(str, tensor['shape']))})"
        )
        start, end = tensor["data_offsets"]
        digest.update(f"{name} {kind} {shape}".encode() + numbers[start:end])
        if name[0] == "W":
            assert tensor["shape"] == [widths[int(name[1:])], widths[int(name[1:]) - 1]]
            assert kind == about["dtype"]
    assert digest.hexdigest() == metadata["sha256"]


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("", "Expecting value"),
        ("[1, 2]", "got list"),
        ("null", "got NoneType"),
        ("[" * 100_000, "recursion|Expecting"),
        ('{"layers": ' + "9" * 5000 + "}", "digits|does not fit"),
    ],
    ids=["empty", "list", "null", "deep", "long number"],
)
def test_a_description_that_is_none(tmp_path, text, got, monkeypatch):
    """Found by fuzzing: the checksum is right, and the text is no JSON object."""
    monkeypatch.setattr("chainrule.files.tensors.json.dumps", lambda about, **_: text)
    write_model(tmp_path / "m", {"W1": np.zeros((2, 2)), "b1": np.zeros(2)}, {})
    monkeypatch.undo()
    with pytest.raises(ModelFileError, match=got):
        Network.load(tmp_path / "m")


@pytest.mark.parametrize(
    "layers", [[10**6, 10**6], [4, 10**9, 2], [10**30, 2], [1] * 100_000], ids=["a", "b", "c", "d"]
)
def test_widths_are_not_believed_before_the_tensors_have_them(tmp_path, layers):
    """Found by fuzzing: a small file that claims a network of a terabyte."""
    tensors, about = read_model(FOLDER / "0.1.0/plain.safetensors")
    write_model(tmp_path / "m", tensors, {**about, "layers": layers})
    with pytest.raises(ModelFileError, match="must describe a network"):
        Network.load(tmp_path / "m")


@pytest.mark.parametrize(
    "dtype",
    [",float32", "f4", "float32,float32", "(2,)f4", ["float32"], None, {"names": ["a"], "formats": [",f4"]}],
)
def test_a_dtype_is_one_of_two_names(tmp_path, dtype):
    """Found by fuzzing: NumPy reads a text with a comma as Python, and raised a SyntaxError."""
    tensors, about = read_model(FOLDER / "0.1.0/float32.safetensors")
    write_model(tmp_path / "m", tensors, {**about, "dtype": dtype})
    with pytest.raises(ModelFileError, match="dtype must be one of float64, float32"):
        Network.load(tmp_path / "m")


def test_a_formula_is_no_name(tmp_path):
    """Found by fuzzing: names are those of built-in activations; formulas are told apart."""
    tensors, about = read_model(FOLDER / "0.1.0/float32.safetensors")
    write_model(tmp_path / "m", tensors, {**about, "hidden": ["exp(exp(z))"]})
    with pytest.raises(ModelFileError, match="hidden must be one of"):
        Network.load(tmp_path / "m")
