import numpy as np
import pytest

from chainrule.datasets import Scaling, read, read_features
from chainrule.errors import DataError, InputError


@pytest.fixture
def table(tmp_path):
    def write(text):
        path = tmp_path / "t.csv"
        path.write_text(text)
        return path

    return write


def test_scaling_gives_float32(table):
    scaling = Scaling([1, 2], [3, 4])
    data = read(table("a,b,k\n4,10,x\n"), scaling=scaling)
    np.testing.assert_array_equal(data.X, np.float32([[1, 2]]))
    assert data.X.dtype == np.float32
    assert data.scaling == scaling


def test_a_scaling_of_another_width(table, refuses):
    with refuses(DataError, "must have 3 columns", "got 2", "same order"):
        read(table("a,b,k\n4,10,x\n"), scaling=Scaling([1, 2, 3], 1))


@pytest.mark.parametrize(
    ("text", "features"),
    [
        ("1,2\n3,4\n", None),
        ("1,2\n3,4\n", ("a", "b")),
        ("a,b\n1,2\n3,4\n", ("a", "b")),
        ("b,note,a,kind\n2,hi,1,x\n4,ho,3,\n", ("a", "b")),
        ("5,6\n1,2\n3,4\n", ("5", "6")),
        ("u,v\n1,2\n3,4\n", None),
        ("u,kind,v\n1,x,2\n3,y,4\n", None),
        ("kind,u,v\n,1,2\n,3,4\n", None),
    ],
)
def test_features_for_prediction(table, text, features):
    X = read_features(table(text), n_features=2, features=features, ignore=("kind",))
    np.testing.assert_array_equal(X, [[1, 2], [3, 4]])
    assert X.dtype == np.float64


BAD = [
    ("1,2,x\n", None, "the model's 2 features", "got 3 columns", "Drop the label column"),
    ("1,2,x\n", ("a", "b"), "the model's 2 features", "got 3 columns", "Drop the label column"),
    ("u,v,k\n1,2,x\n", None, "the model's 2 features", "got 3 columns", "Drop the label column"),
    ("1\n", None, "the model's 2 features", "got 1 columns", "Pass the columns"),
    ("1,2,3,4\n", None, "the model's 2 features", "got 4 columns", "Pass the columns"),
    ("a,c\n1,2\n", ("a", "b"), "the model's features", "'b' not found among a, c", "Add or rename"),
    ("a,b\n1,red\n", ("a", "b"), "must be numbers", "column 'b' holds 'red' on line 2", "encode"),
    ("a,b\n1,\n", ("a", "b"), "must not be missing", "column 'b' is empty on line 2", "Fill"),
    ("a,b\n", ("a", "b"), "must have samples", "header line only", "Write one"),
    ("a,a\n1,2\n", None, "must be distinct", "'a' occurs 2 times", "Rename"),
]


@pytest.mark.parametrize(("text", "features", "must", "got", "remedy"), BAD)
def test_bad_features_for_prediction(table, text, features, must, got, remedy, refuses):
    with refuses(DataError, must, got, remedy):
        read_features(table(text), n_features=2, features=features)


@pytest.mark.parametrize("name", ["t.csv", "t.npz", "t-images-idx3-ubyte.gz"])
def test_files_that_are_not_there(tmp_path, name, refuses):
    with refuses(DataError, "must be an existing file", "found none", "Check the spelling"):
        read(tmp_path / name)
    (tmp_path / name).mkdir()
    with refuses(DataError, "must be a file", "got a folder", "Give the name"):
        read(tmp_path / name)


@pytest.mark.parametrize("name", ["t.xlsx", "t"])
def test_other_kinds_of_files(tmp_path, name, refuses):
    with refuses(DataError, "must be a .csv, .tsv, .npz or .parquet", "got '", "Convert it"):
        read(tmp_path / name)


def test_a_target_is_for_tables(tmp_path, refuses):
    np.savez(tmp_path / "a.npz", X=np.ones((2, 2)), y=[0, 1])
    with refuses(InputError, "target must be left out", "target='k' for a.npz", "names its labels itself"):
        read(tmp_path / "a.npz", target="k")


def test_one_class_is_enough_to_be_read(table):
    assert read(table("1,x\n2,x\n")).classes == ("x",)


def test_many_classes_are_not_all_listed(table, refuses):
    classes = tuple(f"c{number}" for number in range(100))
    with refuses(DataError, "c11, ... (100 in all)", "got 'd' on line 1", "Fix"):
        read(table("1,d\n2,c1\n"), classes=classes)


def test_whole_numbers_are_recognised_however_they_are_written(table):
    np.testing.assert_array_equal(read(table("5,1.0\n5,0\n"), classes=("0", "1", "2")).y, [1, 0])
