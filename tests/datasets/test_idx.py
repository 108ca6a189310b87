import gzip
import struct

import numpy as np
import pytest

from chainrule.datasets import load, read, read_features
from chainrule.datasets.preparing.scaling import PIXELS
from chainrule.datasets.tables.idx import parse, unpack
from chainrule.errors import DataError

PICTURES = np.random.default_rng(0).integers(0, 256, (20, 4, 3), dtype=np.uint8)
LABELS = (np.arange(20) % 4).astype(np.uint8)


def idx(array):
    head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(np.uint8).tobytes()


@pytest.fixture
def pair(tmp_path):
    def write(images=None, labels=None, style="{}-idx{}-ubyte"):
        parts = (("images", 3, images or idx(PICTURES)), ("labels", 1, labels or idx(LABELS)))
        for kind, n_dimensions, content in parts:
            name = "train-" + style.format(kind, n_dimensions)
            packed = gzip.compress(content) if name.endswith(".gz") else content
            (tmp_path / name).write_bytes(packed)
        return tmp_path / ("train-" + style.format("images", 3))

    return write


STYLES = ["{}-idx{}-ubyte", "{}.idx{}-ubyte", "{}-idx{}-ubyte.gz", "{}.idx{}-ubyte.gz"]


@pytest.mark.parametrize("style", STYLES)
def test_pictures_and_labels(pair, style):
    path = pair(style=style)
    data = read(path)
    np.testing.assert_array_equal(data.X, PICTURES.reshape(20, 12))
    np.testing.assert_array_equal(data.y, LABELS)
    assert data.shape == (4, 3)
    assert data.classes == ("0", "1", "2", "3")
    train, test = load(path)
    assert (len(train), len(test)) == (16, 4)
    assert train.scaling == test.scaling == PIXELS
    assert 0 <= train.X.min() < train.X.max() <= 1


def test_the_two_may_be_spelt_differently(pair, tmp_path):
    path = pair(style=STYLES[0])
    (tmp_path / "train-labels-idx1-ubyte").unlink()
    (tmp_path / "train-labels.idx1-ubyte.gz").write_bytes(gzip.compress(idx(LABELS)))
    assert len(read(path)) == 20


def test_a_models_classes(pair):
    data = read(pair(), classes=("shirt", "coat", "bag", "boot"), scaling=PIXELS)
    np.testing.assert_array_equal(data.y, LABELS)
    np.testing.assert_array_equal(data.X, PIXELS(PICTURES.reshape(20, 12)))


def test_prediction_needs_no_labels(pair, tmp_path, refuses):
    path = pair()
    (tmp_path / "train-labels-idx1-ubyte").unlink()
    X = read_features(path, n_features=12)
    assert X.dtype == np.uint8
    np.testing.assert_array_equal(X, PICTURES.reshape(20, 12))
    with refuses(DataError, "the model's 784 features", "got 12 columns", "Pass the columns"):
        read_features(path, n_features=784)
    with refuses(DataError, "labels beside it", "no train-labels-idx1-ubyte", "same folder"):
        read(path)


def test_too_many_classes_for_the_model(pair, refuses):
    with refuses(DataError, "one of the classes x, y", "got '2' on row 2", "Fix that label"):
        read(pair(), classes=("x", "y"))


WHOLE = idx(PICTURES)
BAD = [
    (WHOLE[:-1], None, "must have 256 bytes", "got 255", "again"),
    (WHOLE + b"x", None, "must have 256 bytes", "got 257", "again"),
    (b"\0\0\x0d\3" + WHOLE[4:], None, "must begin with 00000803", "got 00000d03", "right file"),
    (idx(LABELS), None, "must begin with 00000803", "got 00000801", "right file"),
    (b"\0", None, "must begin with 00000803", "got 00", "right file"),
    (idx(PICTURES[:0]), None, "must hold pictures", "(0, 4, 3)", "right file"),
    (None, idx(LABELS[:-1]), "a label for each of its 20 pictures", "got 19 labels", "of one set"),
    (None, idx(LABELS)[:-1], "must have 28 bytes", "got 27", "again"),
]


@pytest.mark.parametrize("end", ["", ".gz"])
@pytest.mark.parametrize(("images", "labels", "must", "got", "remedy"), BAD)
def test_bad_content(pair, images, labels, must, got, remedy, end, refuses):
    with refuses(DataError, must, got, remedy):
        read(pair(images, labels, STYLES[0] + end))


@pytest.mark.parametrize("where", ["cut off", "foreign", "damaged"])
def test_bad_compression(pair, where, refuses):
    path = pair(style=STYLES[2])
    packed = path.read_bytes()
    contents = {
        "cut off": packed[:-9],
        "foreign": packed[:2] + b"\xff" * 20,
        "damaged": packed[:-8] + bytes(byte ^ 1 for byte in packed[-8:]),
    }
    path.write_bytes(contents[where])
    with refuses(DataError, "must be whole gzip data", "got: ", "again"):
        read(path)


def test_a_bomb_is_not_unpacked():
    bomb = gzip.compress(bytes(50_000_000))
    assert len(unpack(bomb, 1000, "bomb")) == 1001


def test_a_header_that_claims_too_much_is_no_reason_to_reserve_memory(pair, refuses):
    claims = bytes([0, 0, 8, 3]) + struct.pack(">3I", 2**32 - 1, 2**32 - 1, 2**32 - 1)
    for style in (STYLES[0], STYLES[2]):
        with refuses(DataError, "must have 79228162458924105385300197391 bytes", "got 16", "again"):
            read(pair(images=claims, style=style))


def test_a_bomb_is_refused_before_it_is_unpacked(pair, refuses, monkeypatch):
    claims = bytes([0, 0, 8, 3]) + struct.pack(">3I", 1000, 1000, 1000)
    path = pair(images=claims + bytes(1_000_000), style=STYLES[2])
    monkeypatch.setenv("CHAINRULE_UNPACK_LIMIT", "900K")
    with refuses(DataError, "must not unpack to more than 0.9 MB", "unpack to", "CHAINRULE_UNPACK_LIMIT=1G"):
        read(path)


@pytest.mark.parametrize("end", ["", ".gz"])
def test_the_labels_of_qmnist(tmp_path, end, refuses):
    """Eight numbers for each picture: the class, the writer, and where it comes from."""
    pack = gzip.compress if end else bytes
    table = np.arange(8 * len(PICTURES)).reshape(-1, 8)
    table[:, 0] = LABELS
    path, beside = (
        tmp_path / f"qmnist-train-{what}{end}" for what in ("images-idx3-ubyte", "labels-idx2-int")
    )
    path.write_bytes(pack(idx(PICTURES)))
    header = bytes([0, 0, 12, 2]) + struct.pack(">2I", *table.shape)
    beside.write_bytes(pack(header + table.astype(">i4").tobytes()))
    data = read(path)
    np.testing.assert_array_equal(np.array(data.classes, int)[data.y], LABELS)
    np.testing.assert_array_equal(data.X, PICTURES.reshape(len(PICTURES), -1))
    with refuses(DataError, "must be a file of pictures", "got labels", "Give the images file"):
        read(beside)
    beside.write_bytes(pack(header + bytes(8)))
    with refuses(DataError, "must have 652 bytes", "got 20", "again"):
        read(path)
    beside.write_bytes(pack(bytes([0, 0, 12, 2]) + struct.pack(">2I", len(PICTURES), 0)))
    with refuses(DataError, "must hold labels", "got shape", "right file"):
        read(path)


def test_the_labels_file_is_not_the_pictures(pair, refuses):
    pair()
    with refuses(DataError, "must be a file of pictures", "got labels", "Give the images file"):
        read(pair().with_name("train-labels-idx1-ubyte"))


def test_parse_gives_the_array_back():
    np.testing.assert_array_equal(parse(idx(PICTURES), 3, "x"), PICTURES)


def test_no_pictures_of_a_size_that_no_memory_holds(tmp_path, refuses):
    """Found by fuzz/tables.py: NumPy refuses such a shape by an error of its own."""
    path = tmp_path / "t-images-idx3-ubyte"
    path.write_bytes(struct.pack(">4I", 0x803, 2**32 - 1, 0, 2**32 - 1))
    (tmp_path / "t-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 0x801, 0))
    with refuses(DataError, "must hold pictures", "got shape (0, 0, 0)", "right file"):
        read(path)
