import io
import struct
import zipfile

import numpy as np
import pytest

from chainrule.datasets import load, read, read_features
from chainrule.datasets.preparing.scaling import PIXELS
from chainrule.errors import DataError, InputError

X = np.arange(12.0).reshape(4, 3)
Y = np.array([0, 1, 1, 0])


@pytest.fixture
def archive(tmp_path):
    def write(**arrays):
        path = tmp_path / "a.npz"
        np.savez_compressed(path, **arrays)
        return path

    return write


def test_numbers(archive):
    data = read(archive(X=X, y=Y))
    np.testing.assert_array_equal(data.X, X)
    np.testing.assert_array_equal(data.y, Y)
    assert data.X.dtype == np.float64
    assert data.classes == ("0", "1")
    assert data.name == "a"


@pytest.mark.parametrize(
    ("y", "classes", "numbers"),
    [
        ([3, 9, 10, 3], ("3", "9", "10"), [0, 1, 2, 0]),
        ([-1, 1, 1, -1], ("-1", "1"), Y),
        ([0.0, 1.0, 1.0, 0.0], ("0", "1"), Y),
        ([[0], [1], [1], [0]], ("0", "1"), Y),
        (["no", "yes", "yes", "no"], ("no", "yes"), Y),
        ([b"no", b"yes", b"yes", b"no"], ("no", "yes"), Y),
        ([False, True, True, False], ("0", "1"), Y),
    ],
)
def test_kinds_of_labels(archive, y, classes, numbers):
    data = read(archive(X=X, y=np.array(y)))
    assert data.classes == classes
    np.testing.assert_array_equal(data.y, numbers)


def test_rows_of_labels(archive):
    y = np.array([[0, 1], [1, 1], [0, 0], [1, 0]])
    data = read(archive(X=X, y=y))
    assert data.multi_label
    assert data.classes == ("0", "1")
    np.testing.assert_array_equal(data.y, y)
    swapped = read(archive(X=X, y=y, classes=np.array(["cat", "dog"])), classes=("dog", "cat"))
    np.testing.assert_array_equal(swapped.y, y[:, ::-1])


def test_its_own_names(archive):
    path = archive(X=X, y=Y, classes=np.array(["no", "yes", "maybe"]), features=np.array(["a", "b", "c"]))
    data = read(path)
    assert data.classes == ("no", "yes", "maybe")
    assert data.features == ("a", "b", "c")
    model = read(path, classes=("yes", "no"), features=("c", "a"))
    np.testing.assert_array_equal(model.y, 1 - Y)
    np.testing.assert_array_equal(model.X, X[:, [2, 0]])
    np.testing.assert_array_equal(read_features(path, n_features=2, features=("c", "a")), X[:, [2, 0]])


def test_a_models_classes(archive):
    path = archive(X=X, y=np.array([5, 7, 7, 5]))
    np.testing.assert_array_equal(read(path, classes=("7", "5")).y, [1, 0, 0, 1])
    np.testing.assert_array_equal(read(archive(X=X, y=Y), classes=("cat", "dog")).y, Y)


@pytest.mark.parametrize("shape", [(4, 2, 3), (4, 2, 3, 1)])
def test_pictures(archive, shape):
    pixels = np.arange(24, dtype=np.uint8).reshape(shape)
    data = read(archive(X=pixels, y=Y))
    assert data.shape == (2, 3)
    np.testing.assert_array_equal(data.X, pixels.reshape(4, 6))
    train, _ = load(archive(X=pixels, y=Y), test_fraction=0.5)
    assert train.scaling == PIXELS
    assert read_features(archive(X=pixels), n_features=6).dtype == np.uint8


def test_the_form_of_keras(archive, refuses):
    path = archive(x_train=X, y_train=Y, x_test=X[:2] + 1, y_test=Y[:2])
    np.testing.assert_array_equal(read(path).X, X)
    np.testing.assert_array_equal(read(path, part="test").X, X[:2] + 1)
    np.testing.assert_array_equal(read_features(path, n_features=3), X[:2] + 1)
    train, test = load(path)
    assert (train.part, test.part, len(train), len(test)) == ("train", "test", 4, 2)
    np.testing.assert_allclose(train.X.mean(axis=0), 0, atol=1e-6)
    assert test.scaling == train.scaling
    with refuses(InputError, "must be left out", "got test_fraction=0.3", "use split()"):
        load(path, test_fraction=0.3)
    with refuses(InputError, "part must be", "got 'both'", "Pass one"):
        read(path, part="both")


def test_a_test_label_that_no_training_sample_has(archive, refuses):
    path = archive(x_train=X, y_train=Y, x_test=X, y_test=Y + 1)
    with refuses(DataError, "one of the classes 0, 1", "got '2' on row 1", "Fix that label"):
        load(path)


OBJECTS = np.array([{}, 1, 2, 3], dtype=object)
BAD = [
    ({"X": X, "y": OBJECTS}, "without pickled objects", "got ValueError", "numpy.savez"),
    ({"X": X}, "must hold the arrays X and y", "got X", "numpy.savez"),
    ({"data": X}, "must hold the arrays X and y", "got none of them", "numpy.savez"),
    ({"X": X, "y": Y[:3]}, "equally many rows", "got 4 and 3", "one label for each"),
    ({"X": X[:0], "y": Y[:0]}, "X must be numbers", "float64 of shape (0, 3)", "Flatten"),
    ({"X": np.ones((4, 2, 2, 3)), "y": Y}, "X must be numbers", "shape (4, 2, 2, 3)", "Flatten"),
    ({"X": X.astype(str), "y": Y}, "X must be numbers", "<U", "Flatten"),
    ({"X": X * 1j, "y": Y}, "X must be numbers", "complex128", "Flatten"),
    ({"X": X / [0.5, 1, np.inf] + [0, np.nan, 0], "y": Y}, "X must be finite", "row 0, column 1", "Fill in"),
    ({"X": X, "y": Y + 0.5}, "y must be whole numbers", "got float64", "Number the classes"),
    ({"X": X, "y": Y * np.nan}, "y must be whole numbers", "got float64", "Number the classes"),
    ({"X": X, "y": np.array(5)}, "y must be whole numbers", "shape ()", "Number the classes"),
    ({"X": X, "y": np.full((4, 2), 2)}, "must hold 0 or 1", "got 2 at row 0", "Write 1"),
    ({"X": X, "y": Y, "classes": np.ones(2)}, "classes must be a row of names", "float64", "Store"),
    ({"X": X, "y": Y, "classes": np.array(["a"])}, "classes a", "got '1' on row 1", "Fix"),
    ({"X": X, "y": Y, "features": np.array(["a"])}, "each of the 3 columns", "got 1 names", "Store"),
]


@pytest.mark.parametrize(("arrays", "must", "got", "remedy"), BAD)
def test_bad_archives(archive, arrays, must, got, remedy, refuses):
    with refuses(DataError, must, got, remedy):
        read(archive(**arrays))


@pytest.mark.parametrize("content", [b"", b"PK\3\4 no zip", b"\x93NUMPY", b"\x80\4]", b"X,y\n1,2\n"])
def test_foreign_files(tmp_path, content, refuses):
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    with refuses(DataError, "must be a NumPy archive", "got ", "numpy.savez"):
        read(path)


def test_a_single_array_is_no_archive(tmp_path, refuses):
    path = tmp_path / "a.npz"
    with path.open("wb") as file:
        np.save(file, X)
    with refuses(DataError, "must be a NumPy archive", "got ", "numpy.savez"):
        read(path)


def test_a_damaged_archive(archive, refuses):
    path = archive(X=np.random.default_rng(0).normal(size=(100, 10)), y=np.zeros(100, int))
    whole = path.read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:500] + b"damage" + whole[506:]):
        path.write_bytes(damaged)
        with refuses(DataError, "must be a NumPy archive", "got ", "numpy.savez"):
            read(path)


def test_prediction_needs_finite_numbers_of_the_right_width(archive, refuses):
    with refuses(DataError, "the model's 2 features", "got 3 columns", "Drop the label column"):
        read_features(archive(X=X), n_features=2)
    with refuses(DataError, "must be finite", "got nan at row 1, column 2", "Fill in"):
        read_features(archive(X=np.where(X == 5, np.nan, X)), n_features=3)


@pytest.mark.parametrize(
    "y", [np.array([1e300, 0]), np.array([2**63, 0], np.uint64), np.array([-1e19, 1])], ids=repr
)
def test_labels_beyond_64_bits_are_refused(archive, refuses, y):
    """They were cast, to other numbers."""
    with refuses(DataError, "y must be whole numbers", "got ", "Number the classes from 0"):
        read(archive(X=np.ones((2, 2)), y=y))


def test_large_labels_are_kept(archive):
    for y in (np.array([2**62, 0], np.uint64), np.array([255, 0], np.uint8), np.array([3, 0], np.float16)):
        assert read(archive(X=np.ones((2, 2)), y=y)).classes == (str(0), str(int(y[0])))


@pytest.mark.parametrize("key", ["y", "classes", "features"])
def test_characters_that_there_are_not(archive, refuses, key):
    """Four bytes of a text in NumPy's form are any number; Python raised a SystemError."""
    broken = np.frombuffer(b"\xff\xff\xff\xff" * 2, "<U1")
    arrays = {"X": np.ones((2, 2)), "y": np.array([0, 1]), key: broken}
    with refuses(DataError, f"{key} must be texts", "got invalid characters", "Write it again"):
        read(archive(**arrays))


def test_a_signalling_nan_is_no_warning(archive, refuses):
    X = np.frombuffer(struct.pack("<4I", 0x7F800001, 0, 0, 0), "<f4").reshape(2, 2)
    with refuses(DataError, "X must be finite", "got nan at row 0", "Fill in"):
        read(archive(X=X, y=np.array([0, 1])))


PIXELS_OF = np.arange(4 * 6, dtype=np.uint8).reshape(4, 2, 3)


@pytest.mark.parametrize(
    ("pictures", "labels"),
    [
        ("kmnist-train-imgs.npz", "kmnist-train-labels.npz"),
        ("k49-test-imgs.npz", "k49-test-labels.npz"),
        ("my_images.npz", "my_labels.npz"),
    ],
)
def test_the_pair_of_files_of_kmnist(tmp_path, pictures, labels, refuses):
    path = tmp_path / pictures
    np.savez_compressed(path, PIXELS_OF)
    with refuses(DataError, "must hold the arrays X and y", "got arr_0", "numpy.savez"):
        read(path)
    assert read_features(path, n_features=6).shape == (4, 6)
    np.savez_compressed(tmp_path / labels, Y.astype(np.uint8))
    data = read(path)
    np.testing.assert_array_equal(data.y, Y)
    assert data.shape == (2, 3)
    assert load(path, test_fraction=0.5)[0].scaling == PIXELS
    np.savez_compressed(tmp_path / labels, Y[:3])
    with refuses(DataError, "equally many rows", "got 4 and 3", "one label for each"):
        read(path)


def test_arrays_without_names(tmp_path, refuses):
    np.savez(tmp_path / "a.npz", X, Y)
    np.testing.assert_array_equal(read(tmp_path / "a.npz").y, Y)
    np.savez(tmp_path / "a.npz", X)
    with refuses(DataError, "arr_0, with the labels in a file beside it", "got arr_0", "numpy.savez"):
        read(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("shape", "picture"), [((2, 3), (2, 3)), ((2, 3, 3), None), ((2, 3, 1), (2, 3)), ((2, 3, 4), None)]
)
def test_the_form_of_medmnist(archive, shape, picture, refuses):
    pixels = np.arange(6 * np.prod(shape)).reshape(6, *shape).astype(np.uint8)
    y = np.array([[0], [1], [1], [0], [2], [1]], np.uint8)  # (N, 1), as there
    parts = {
        f"{part}_{kind}": array[rows]
        for part, rows in {"train": slice(0, 4), "val": slice(4, 5), "test": slice(5, 6)}.items()
        for kind, array in {"images": pixels, "labels": y}.items()
    }
    parts["train_labels"] = y[[0, 1, 4, 5]]
    path = archive(**parts)
    train, test = load(path)
    assert (len(train), len(test), train.n_features) == (4, 1, np.prod(shape))
    assert (train.classes, train.shape) == (("0", "1", "2"), picture)
    np.testing.assert_array_equal(read(path, part="validation").X[0], pixels[4].ravel())
    np.testing.assert_array_equal(read_features(path, n_features=train.n_features)[0], pixels[5].ravel())
    with refuses(InputError, "must be left out", "got seed=1", "use split()"):
        load(path, seed=1)


def test_several_labels_in_medmnist(archive):
    y = np.array([[0, 1, 1], [1, 0, 0], [0, 0, 0], [1, 1, 1]], np.uint8)
    parts = ("train", "val", "test")
    path = archive(**{f"{p}_images": PIXELS_OF for p in parts}, **{f"{p}_labels": y for p in parts})
    train, _ = load(path)
    assert train.multi_label
    np.testing.assert_array_equal(train.y, y)


GIGABYTE = 1 << 30


@pytest.fixture
def bomb(tmp_path):
    """An archive that says of itself that it unpacks to 1 GB; what is behind it is never looked at."""
    header = io.BytesIO()
    form = {"descr": "|u1", "fortran_order": False, "shape": (1024, GIGABYTE // 1024)}
    np.lib.format.write_array_header_1_0(header, form)
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("X.npy", header.getvalue() + bytes(4_000_000))
        archive.filelist[0].file_size = GIGABYTE + header.tell()
        with archive.open("y.npy", "w") as file:
            np.save(file, np.arange(1024) % 2)
    return tmp_path / "bomb.npz"


def test_what_unpacks_to_a_gigabyte_is_refused_before_it_is_read(bomb, refuses, monkeypatch):
    monkeypatch.setattr(np.lib.format, "read_array", lambda *_, **__: pytest.fail("it was read"))
    for reader in (read, load, lambda path: read_features(path, n_features=GIGABYTE // 1024)):
        with refuses(DataError, "must not unpack to more than 536.9 MB", "unpack to 1.1 GB", "LIMIT=2G"):
            reader(bomb)


@pytest.mark.parametrize("limit", ["2G", "2g", "2GB", "2000M", "2147483648"])
def test_a_user_can_raise_the_limit(bomb, monkeypatch, limit):
    monkeypatch.setenv("CHAINRULE_UNPACK_LIMIT", limit)
    monkeypatch.setattr(np.lib.format, "read_array", lambda *_, **__: X)  # it would take seconds
    np.testing.assert_array_equal(read_features(bomb, n_features=3), X)


@pytest.mark.parametrize("limit", ["many", "-1", "1.5G", "2T", "1e9"])
def test_a_limit_that_is_none(archive, monkeypatch, limit):
    monkeypatch.setenv("CHAINRULE_UNPACK_LIMIT", limit)
    with pytest.raises((InputError, DataError), match="CHAINRULE_UNPACK_LIMIT must be a number of bytes"):
        read(archive(X=X, y=Y))


def test_a_small_limit_is_kept_to(archive, monkeypatch, refuses):
    path = archive(X=np.zeros((4, 100_000)), y=Y)
    monkeypatch.setenv("CHAINRULE_UNPACK_LIMIT", "1M")
    with refuses(DataError, "more than 1.0 MB", "unpack to 3.2 MB", "LIMIT=1G"):
        read(path)
    np.savez(path, X=np.zeros((4, 100_000)), y=Y)  # not packed: its size is no surprise
    assert read(path).X.shape == (4, 100_000)
    np.savez_compressed(path, X=X, y=Y, other=np.zeros(10**6))  # which nobody reads
    assert len(read(path)) == 4


def test_an_array_that_claims_more_than_there_is(tmp_path, refuses):
    """By its own header it has a terabyte; by the list of the archive some bytes."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f8", "fortran_order": False, "shape": (1 << 20, 1 << 17)}
    )
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("X.npy", header.getvalue() + bytes(100))
        archive.writestr("y.npy", b"")
    with refuses(DataError, "must be a NumPy archive", "got ", "numpy.savez"):
        read(tmp_path / "a.npz")
    with refuses(DataError, "must not unpack", "unpack to 1099.5 GB", "LIMIT="):
        read_features(tmp_path / "a.npz", n_features=1 << 17)
