import numpy as np
import pytest

from chainrule.datasets import load


@pytest.fixture(scope="module")
def parts():
    return load("two-digits")


def test_size(parts):
    train, test = parts
    assert repr(train) == (
        "Dataset 'two-digits' (train): 8,000 samples, 200 features (10 x 20), 10 classes, several to a sample"
    )
    assert (len(test), test.part) == (2000, "test")
    assert train.X.min() == 0
    assert train.X.max() == 1


def test_always_two_different_digits(parts):
    for part in parts:
        np.testing.assert_array_equal(part.y.sum(axis=1), 2)
        assert part.y.mean(axis=0).min() > 0.15


def crops(picture):
    """All 8 x 8 windows that may hold the left or the right digit."""
    corners = [(top, left) for top in range(3) for left in (0, 1, 2, 10, 11, 12)]
    return [(left, picture[top : top + 8, left : left + 8]) for top, left in corners]


@pytest.mark.parametrize("number", [0, 1])
def test_each_picture_is_two_digits_of_its_own_part(parts, number):
    source = load("digits")[number]
    classes_of = {}
    for x, y in zip(source.X, source.y, strict=True):
        classes_of.setdefault(x.tobytes(), set()).add(int(y))
    for x, y in zip(parts[number].X[:200], parts[number].y, strict=False):
        picture = x.reshape(10, 20)
        for half in (0, 10):
            windows = [window for left, window in crops(picture) if left // 10 * 10 == half]
            found = [
                digit
                for window in windows
                if window.sum() == picture[:, half : half + 10].sum()
                for digit in classes_of.get(window.tobytes(), ())
            ]
            assert any(y[digit] for digit in found)


def test_order_and_place_vary(parts):
    pictures = parts[0].X.reshape(-1, 10, 20)
    for row in (0, 9):
        assert 0.1 < (pictures[:, row].sum(axis=1) > 0).mean() < 0.9


def test_always_the_same_pictures(parts):
    assert parts[0].checksum() == "88b3a9a6d61b7bab76f037607010521a49491a5903958bf5a043613b473ca1d6"
    assert parts[1].checksum() == "cdf08aac08427d36431c09111cb3618307734ea4fe904d13d8c8289441ec62f6"
