import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.datasets import Dataset, Scaling
from chainrule.errors import InputError

ABC = ("a", "b", "c")


def make(n=10, **changes):
    rng = np.random.default_rng(0)
    parts = {"X": rng.normal(size=(n, 4)).astype(np.float32), "y": np.arange(n) % 3, "classes": ABC}
    return Dataset(**(parts | changes))


def make_multi(n=10):
    return make(n, y=np.random.default_rng(1).integers(0, 2, (n, 3)))


def test_what_it_says_of_itself():
    plain, multi = make(), make_multi(1)
    assert (len(plain), plain.n_features, plain.n_classes, plain.multi_label) == (10, 4, 3, False)
    assert multi.multi_label
    assert repr(plain) == "Dataset: 10 samples, 4 features, 3 classes"
    assert repr(multi) == "Dataset: 1 sample, 4 features, 3 classes, several to a sample"
    pictures = make(3000, shape=(2, 2), name="mnist", part="train")
    assert repr(pictures) == "Dataset 'mnist' (train): 3,000 samples, 4 features (2 x 2), 3 classes"


def test_kinds_of_numbers():
    assert make(X=np.ones((10, 4), np.float64)).X.dtype == np.float64
    assert make(X=np.ones((10, 4), np.uint8)).X.dtype == np.float32
    assert make(y=np.arange(10, dtype=np.uint8) % 3).y.dtype == np.int64
    assert make_multi().y.dtype == np.uint8
    assert make(y=[0.0, 1.0] * 5).y.dtype == np.int64


def test_it_is_not_a_sequence():
    with pytest.raises(TypeError):
        iter(make())


@given(st.integers(1, 30), st.integers(1, 40), st.integers(0, 2**32), st.booleans())
def test_mini_batches_are_all_samples_once(n, size, seed, shuffle):
    data = make(n, X=np.arange(4 * n).reshape(n, 4))
    batches = list(data.mini_batches(size, seed=seed, shuffle=shuffle))
    assert [len(y) for _, y in batches[:-1]] == [size] * (len(batches) - 1)
    X, y = (np.concatenate(part) for part in zip(*batches, strict=True))
    order = np.argsort(X[:, 0])
    np.testing.assert_array_equal(X[order], data.X)
    np.testing.assert_array_equal(y[order], data.y)
    if not shuffle:
        np.testing.assert_array_equal(X, data.X)


def test_every_call_shuffles_afresh_unless_the_seed_is_a_number():
    data, rng = make(100), np.random.default_rng(0)

    def first(seed):
        return next(data.mini_batches(100, seed=seed))[0].tobytes()

    assert first(7) == first(7) != first(8)
    assert first(rng) != first(rng)
    assert first(None) != first(None)


@pytest.mark.parametrize("size", [0, -1, 2.5, "many", True, None])
def test_a_bad_batch_size_is_refused_at_once(size, refuses):
    with refuses(InputError, "whole number of samples", f"got {size!r}", "Pass for example size=32"):
        make().mini_batches(size)


@pytest.mark.parametrize("seed", [-1, "x", 1.5])
def test_a_bad_seed_is_refused_at_once(seed, refuses):
    with refuses(InputError, "seed must be", f"got {seed!r}", "Pass for example seed=0"):
        make().mini_batches(2, seed=seed)


def test_subset_keeps_everything_else():
    data = make(features=tuple("pqrs"), shape=(2, 2), name="n", part="train", scaling=Scaling(1, 2))
    part = data.subset([3, -1])
    np.testing.assert_array_equal(part.X, data.X[[3, 9]])
    np.testing.assert_array_equal(part.y, [0, 0])
    for name in ("classes", "features", "shape", "name", "part", "scaling"):
        assert getattr(part, name) == getattr(data, name)
    np.testing.assert_array_equal(data.subset(data.y == 1).y, [1, 1, 1])


def test_subset_refuses_what_is_not_there(refuses):
    with refuses(InputError, "below the 10 samples", "got 10", "from 0 to 9"):
        make().subset([0, 10])
    with refuses(InputError, "whole numbers (at least one)", "got shape (0,)", "Pass the rows"):
        make().subset([])
    with refuses(InputError, "mask of 10 bools", "got shape (3,) of bool", "Pass the rows"):
        make().subset([True, False, True])


def test_pairs_are_columns():
    data = make(3)
    pairs = data.pairs()
    assert len(pairs) == 3
    assert pairs[0][0].shape == (4, 1)
    np.testing.assert_array_equal(pairs[1][0][:, 0], data.X[1])
    np.testing.assert_array_equal(pairs[1][1], [[0], [1], [0]])
    multi = make_multi(3)
    np.testing.assert_array_equal(multi.pairs()[2][1][:, 0], multi.y[2])


def test_scaled_remembers_how():
    raw = make(X=np.arange(40.0).reshape(10, 4))
    scaling = Scaling.standard(raw.X)
    ready = raw.scaled(scaling)
    assert ready.X.dtype == np.float32
    assert ready.scaling == scaling
    np.testing.assert_array_equal(ready.X, scaling(raw.X))


def test_scaling_twice_is_refused(refuses):
    with refuses(InputError, "only raw samples", "scaled already", "read()"):
        make(scaling=Scaling(1, 2)).scaled(Scaling(1, 2))


def test_checksum_depends_on_content_alone():
    same = make(X=np.asfortranarray(make().X), y=make().y.astype(">i4"), name="other")
    assert same.checksum() == make().checksum()
    assert len(make().checksum()) == 64
    others = [make(9), make(y=np.zeros(10)), make(classes=("a", "b", "d")), make(shape=(2, 2)), make_multi()]
    assert len({data.checksum() for data in [make(), *others]}) == 6


BAD = [
    ({"X": np.ones((9, 4))}, "equally many rows", "got 9 and 10", "one label for each"),
    ({"X": np.ones((0, 4)), "y": []}, "at least one sample", "(0, 4)", "Check how"),
    ({"X": np.ones(10)}, "X must have shape", "(10,)", "one sample on each row"),
    ({"X": [["u"] * 4] * 10}, "X must be numbers", "<U1", "Encode"),
    ({"y": np.arange(10)}, "labels must be 0...2 for 3 classes", "got 3 at row 3.", "Fix that row"),
    ({"y": [0] * 9 + [-1]}, "labels must be 0...2", "got -1 at row 9.", "Fix that row"),
    ({"y": [0] * 9 + [0.5]}, "labels must be 0...2", "got 0.5 at row 9.", "Fix that row"),
    ({"y": [0] * 9 + [np.nan]}, "labels must be 0...2", "got nan at row 9.", "Fix that row"),
    ({"y": ["a"] * 10}, "y must be class numbers", "<U1", "Number the classes"),
    ({"y": np.eye(10, 3) * 2}, "must hold 0 or 1", "got 2.0 at row 0, column 0", "Write 1"),
    ({"y": np.ones((10, 4))}, "each of the 3 classes", "got 4", "as many class names"),
    ({"classes": ()}, "classes must be", "got ()", "Pass one name"),
    ({"classes": "abc"}, "classes must be a tuple", "got 'abc'", "Pass one name"),
    ({"classes": ("a", "b", "a")}, "distinct names", "got 'a' twice", "Rename"),
    ({"shape": (2, 3)}, "picture with 4 pixels", "got (2, 3)", "Pass the picture's shape"),
    ({"features": ABC}, "each of the 4 columns", "got 3 names", "as many names"),
    ({"scaling": None}, "must be a Scaling", "got NoneType", "Scaling.identity()"),
    ({"scaling": Scaling([1, 2, 3], 1)}, "must fit 4 columns", "got 3", "Pass the scaling"),
]


@pytest.mark.parametrize(("changes", "must", "got", "remedy"), BAD)
def test_parts_that_do_not_fit(changes, must, got, remedy, refuses):
    with refuses(InputError, must, got, remedy):
        make(**changes)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_not_finite_is_named(value, refuses):
    X = np.ones((400, 6))
    X[312, 5] = value
    y, features = np.zeros(400), ("u", "v", "w", "x", "z", "age")
    with refuses(InputError, "X must be finite", f"got {value} at row 312, column 5 ('age')", "Fill in"):
        make(X=X, y=y, features=features)
    with refuses(InputError, "X must be finite", f"got {value} at row 312, column 5.", "Fill in"):
        make(X=X, y=y)


def test_a_number_too_large_for_float32_is_named(refuses):
    with refuses(InputError, "X must be finite, as float32", "got inf at row 9, column 0", "Fill in"):
        make(X=np.ones((10, 4))).scaled(Scaling(0, [1, 1, 1, 1])).subset([0])
        raw = np.ones((10, 4))
        raw[9, 0] = 1e300
        make(X=raw).scaled(Scaling(0, 0.5))


def test_importing_stays_light():
    code = (
        "import sys, chainrule.datasets; "
        "print([m for m in ('sklearn', 'matplotlib', 'urllib.request') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
