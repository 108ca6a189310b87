import hashlib

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris
from sklearn.model_selection import train_test_split

from chainrule.datasets import load, names
from chainrule.errors import DataError, InputError


def test_names():
    assert names() == ("digits", "mnist", "fashion-mnist", "two-digits")


def test_digits():
    train, test = load("digits")
    assert repr(train) == "Dataset 'digits' (train): 1,437 samples, 64 features (8 x 8), 10 classes"
    assert repr(test) == "Dataset 'digits' (test): 360 samples, 64 features (8 x 8), 10 classes"
    bunch = load_digits()
    X_train, X_test, y_train, y_test = train_test_split(
        bunch.data, bunch.target, test_size=360, stratify=bunch.target, random_state=0
    )
    np.testing.assert_array_equal(train.X, (X_train / 16).astype(np.float32))
    np.testing.assert_array_equal(test.X, (X_test / 16).astype(np.float32))
    np.testing.assert_array_equal(train.y, y_train)
    np.testing.assert_array_equal(test.y, y_test)
    assert train.classes == tuple("0123456789")


def test_digits_are_always_the_same():
    train, test = load("digits")
    assert train.checksum() == "3e631a235d95cfa5018e4bcf1380fdcb142158162a5c88a5062666eff2da50e1"
    assert test.checksum() == "6866da9a3d06a8c3c6a56066bbfdd23bb448cece97432d2c97a4cae8d55d1f81"


@pytest.fixture
def iris(tmp_path):
    bunch = load_iris()
    path = tmp_path / "iris.csv"
    rows = [
        f"{','.join(map(str, x))},{bunch.target_names[y]}"
        for x, y in zip(bunch.data, bunch.target, strict=True)
    ]
    path.write_text("\n".join(["a,b,c,d,kind", *rows]))
    return path


def test_a_table_is_split_and_standardised_by_its_training_part(iris):
    train, test = load(iris)
    assert repr(train) == "Dataset 'iris' (train): 120 samples, 4 features, 3 classes"
    assert (len(test), test.part) == (30, "test")
    np.testing.assert_array_equal(np.bincount(test.y), [10, 10, 10])
    np.testing.assert_allclose(train.X.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(train.X.std(axis=0), 1, rtol=1e-6)
    assert test.scaling == train.scaling
    assert train.X.dtype == np.float32
    assert train.features == test.features == ("a", "b", "c", "d")


def test_the_split_can_be_chosen(iris):
    train, test = load(str(iris), test_fraction=0.5, seed=1)
    assert (len(train), len(test)) == (75, 75)
    assert load(iris)[0].checksum() == load(iris, seed=0)[0].checksum() != load(iris, seed=1)[0].checksum()


def test_the_target_can_be_chosen(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("k,a,b\n" + "".join(f"{n % 2},{n},{-n}\n" for n in range(10)))
    train, _ = load(path, target="k")
    assert train.features == ("a", "b")


def test_a_path_is_a_path_even_when_it_is_called_like_a_known_set(tmp_path, monkeypatch, refuses):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").write_text("")
    assert len(load("digits")[0]) == 1437
    with refuses(DataError, "must be a .csv", "got 'no ending'", "Convert"):
        load(tmp_path / "digits")


@pytest.mark.parametrize(
    ("name", "got"),
    [
        ("mnits", "got 'mnits'. Did you mean 'mnist'?"),
        ("zz.csv", "got 'zz.csv'."),
        ("Digits", "mean 'digits'?"),
    ],
)
def test_unknown_names(name, got, refuses):
    with refuses(
        DataError, "one of digits, mnist, fashion-mnist, two-digits, or an existing file", got, "Check"
    ):
        load(name)


def test_arguments_that_are_for_files(refuses):
    with refuses(InputError, "must be left out for digits", "got seed=3", "use split()"):
        load("digits", seed=3)


def test_a_fraction_that_leaves_nothing(iris, refuses):
    with refuses(InputError, "between 0 and 1", "got 1.5", "Pass"):
        load(iris, test_fraction=1.5)


def test_loading_changes_no_file(iris):
    before = hashlib.sha256(iris.read_bytes()).hexdigest()
    load(iris)
    assert hashlib.sha256(iris.read_bytes()).hexdigest() == before
