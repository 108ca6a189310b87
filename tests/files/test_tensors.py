"""Model files: round trips to the bit, and a clear word about every file that is not one."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from safetensors.numpy import load_file, save_file

from chainrule.errors import ModelFileError
from chainrule.files.tensors import FORMAT, read_model, write_model

TENSORS = {"W1": np.arange(6.0).reshape(3, 2), "b1": np.array([1, -2, 0.5], np.float32)}
ABOUT = {"layers": [2, 3], "name": "Größe ∂J/∂W", "nested": {"x": None, "y": [1.5, True]}}


@pytest.fixture
def path(tmp_path):
    """A good file."""
    path = tmp_path / "model.safetensors"
    write_model(path, TENSORS, ABOUT)
    return path


def same(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def refused(path, *parts):
    with pytest.raises(ModelFileError) as caught:
        read_model(path)
    message = str(caught.value)
    assert message.count(str(path)) >= 1
    assert all(part in message for part in parts), message
    assert message.endswith(".")
    return caught.value


def header(path):
    """(start of the tensors, header) of a safetensors file."""
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    return 8 + length, json.loads(content[8 : 8 + length])


def test_round_trip(path):
    tensors, about = read_model(path)
    assert set(tensors) == set(TENSORS)
    assert all(same(tensors[name], TENSORS[name]) for name in TENSORS)
    assert about == ABOUT


@given(
    tensor=arrays(
        st.sampled_from([np.float32, np.float64]),
        array_shapes(max_dims=2, max_side=4),
        elements=st.floats(width=32),
    )
)
def test_round_trip_of_any_numbers(tmp_path_factory, tensor):
    """NaN, infinities, −0 and subnormal numbers too."""
    path = tmp_path_factory.getbasetemp() / "any"
    write_model(path, {"t": tensor}, {})
    assert same(read_model(path)[0]["t"], tensor)


@pytest.mark.parametrize(
    "tensor",
    [
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(12.0).reshape(2, 6)[:, ::2],
        np.arange(6.0)[::-1],
        np.broadcast_to(np.float32(7), (3, 2)),
        np.zeros((0, 3)),
        np.array(0.0, np.float64),
    ],
    ids=["Fortran", "strided", "reversed", "broadcast", "empty", "scalar"],
)
def test_round_trip_of_any_memory_order(tmp_path, tensor):
    write_model(tmp_path / "m", {"t": tensor}, {})
    read = read_model(tmp_path / "m")[0]["t"]
    np.testing.assert_array_equal(read, tensor)
    assert read.dtype == tensor.dtype


def test_the_same_content_has_the_same_checksum(path, tmp_path):
    write_model(tmp_path / "again", dict(reversed(TENSORS.items())), dict(reversed(ABOUT.items())))
    checksums = [header(p)[1]["__metadata__"]["sha256"] for p in (path, tmp_path / "again")]
    assert checksums[0] == checksums[1]


def test_no_such_file(tmp_path):
    refused(tmp_path / "none", "found none", "Check the path")


def test_a_folder(tmp_path):
    refused(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0",
        b"hello, world\n",
        b"\xff" * 100,
        b"\0" * 100,
        b"PK\x03\x04" + b"\0" * 60,
        b"{}",
        b"\x93NUMPY",
    ],
    ids=["empty", "one byte", "text", "ones", "zeros", "zip", "json", "npy"],
)
def test_files_of_another_kind(tmp_path, content):
    (tmp_path / "f").write_bytes(content)
    refused(tmp_path / "f", "must be a whole safetensors file", "take it from its source again")


def test_no_code_in_a_file_is_run(tmp_path):
    class Bomb:
        def __reduce__(self):
            return open, (str(tmp_path / "boom"), "w")

    (tmp_path / "f").write_bytes(pickle.dumps(Bomb()))
    refused(tmp_path / "f", "must be a whole safetensors file")
    assert not (tmp_path / "boom").exists()


def test_truncated_anywhere(path):
    content = path.read_bytes()
    for length in np.linspace(0, len(content) - 1, 40).astype(int):
        path.write_bytes(content[:length])
        refused(path, "must be a whole safetensors file", "truncated")


def test_longer_than_it_should_be(path):
    path.write_bytes(path.read_bytes() + b"\0" * 8)
    refused(path, "must be a whole safetensors file")


def flips(content, positions):
    for position in positions:
        damaged = bytearray(content)
        damaged[position // 8] ^= 1 << position % 8
        yield position, bytes(damaged)


def test_one_flipped_bit(path):
    """In every byte. Refused, or it meant nothing: never another exception, never other numbers."""
    content = path.read_bytes()
    start, _ = header(path)
    rng = np.random.default_rng(0)
    positions = np.r_[:64, 8 * np.arange(len(content)) + rng.integers(0, 8, len(content))]
    for position, damaged in flips(content, positions):
        path.write_bytes(damaged)
        try:
            tensors, about = read_model(path)
        except ModelFileError:
            continue
        assert position < 8 * start, "a flipped bit of a weight went unseen"
        assert about == ABOUT
        assert all(same(tensors[name], TENSORS[name]) for name in TENSORS)


def rewrite(path, tensors=None, **metadata):
    """The same file with other tensors or metadata, and the old checksum."""
    old = header(path)[1]["__metadata__"]
    content = load_file(path) if tensors is None else tensors
    save_file(content, path, {k: v for k, v in {**old, **metadata}.items() if v is not None})


@pytest.mark.parametrize(
    "change",
    [
        {"sha256": "0" * 64},
        {"sha256": None},
        {"chainrule": json.dumps({**ABOUT, "name": "other"})},
        {"tensors": {**TENSORS, "W1": TENSORS["W1"] + 1}},
        {"tensors": {**TENSORS, "W1": TENSORS["W1"].T.copy()}},
        {"tensors": {**TENSORS, "W1": TENSORS["W1"].astype(np.float32)}},
        {"tensors": {**TENSORS, "more": np.zeros(1)}},
        {"tensors": {"W1": TENSORS["W1"]}},
        {"tensors": {"b1": TENSORS["W1"], "W1": TENSORS["b1"]}},
    ],
    ids=str,
)
def test_altered(path, change):
    rewrite(path, **change)
    refused(path, "checksum", "altered or damaged")


@pytest.mark.parametrize(
    "change",
    [{"format": None}, {"format": ""}, {"format": "pt"}, {"format": "chainrule one"}, {"chainrule": None}],
    ids=str,
)
def test_of_another_program(path, change):
    rewrite(path, **change)
    refused(path, "safetensors file of another program", "Network.from_parameters")


def test_without_any_metadata(path):
    save_file(TENSORS, path)
    refused(path, "safetensors file of another program")


def test_a_dtype_that_numpy_does_not_know(path):
    description = {"t": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}
    text = json.dumps(description).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"\0" * 4)
    refused(path)


def test_of_a_newer_format(path):
    rewrite(path, format=f"chainrule {FORMAT + 1}")
    refused(path, f"format {FORMAT} or older", f"format {FORMAT + 1}", "Upgrade")


def test_a_version_in_odd_digits(path):
    rewrite(path, format="chainrule ²")
    refused(path)


def test_an_altered_format(path):
    rewrite(path, format="chainrule 0")
    refused(path)
