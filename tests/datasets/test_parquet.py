"""Parquet says the same as CSV; whatever cannot be used is named by column and row."""

from __future__ import annotations

import datetime
import decimal

import numpy as np
import pytest

from chainrule.datasets import load, read, read_features
from chainrule.errors import DataError

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


def columns(n=120):
    rng = np.random.default_rng(3)
    age = [None if i % 11 == 0 else float(f"{v:.3f}") for i, v in enumerate(rng.normal(40, 9, n))]
    colour = [None if i % 13 == 0 else ("red", "blue", "green")[rng.integers(3)] for i in range(n)]
    return {
        "age": age,
        "colour": colour,
        "rooms": rng.integers(1, 9, n).tolist(),
        "kind": ["x", "y"] * (n // 2),
    }


@pytest.fixture
def both(tmp_path):
    """The same table in a CSV and a Parquet file."""
    content = columns()
    pq.write_table(pa.table(content), tmp_path / "t.parquet")
    lines = [
        ",".join("" if cell is None else str(cell) for cell in row)
        for row in zip(*content.values(), strict=True)
    ]
    (tmp_path / "t.csv").write_text("\n".join([",".join(content), *lines]))
    return tmp_path / "t.csv", tmp_path / "t.parquet"


@pytest.mark.parametrize(
    "options", [{}, {"drop": "colour"}, {"categorical": "rooms"}, {"target": "colour"}], ids=str
)
def test_the_same_as_csv(both, options):
    if options.get("target") == "colour":  # has gaps, and is refused by both
        for path in both:
            with pytest.raises(
                DataError, match=r"must have a label; column 'colour' is empty on (line 2|row 0)\."
            ):
                load(path, **options)
        return
    for one, other in zip(*(load(path, **options) for path in both), strict=True):
        assert one.checksum() == other.checksum()
        assert one.preprocessing == other.preprocessing
        assert one.scaling == other.scaling


def test_a_models_columns(both, tmp_path):
    train, _ = load(both[0])
    a, b = (read(path, target="kind", preprocessing=train.preprocessing) for path in both)
    assert a.checksum() == b.checksum()
    turned = pa.table({"note": ["!"] * 120, **{name: columns()[name] for name in ("rooms", "colour", "age")}})
    pq.write_table(turned, tmp_path / "turned.parquet")
    X = read_features(
        tmp_path / "turned.parquet", n_features=train.n_features, preprocessing=train.preprocessing
    )
    np.testing.assert_array_equal(X, a.X)


def test_numbers_of_every_type(tmp_path):
    n = 40
    types = [pa.int8(), pa.uint64(), pa.float16(), pa.float32(), pa.bool_(), pa.decimal128(5, 1)]
    content = {
        str(kind): pa.array([decimal.Decimal(i % 2) if "dec" in str(kind) else i % 2 for i in range(n)]).cast(
            kind
        )
        if "half" not in str(kind)
        else pa.array(np.arange(n, dtype=np.float16) % 2)
        for kind in types
    }
    pq.write_table(pa.table({**content, "k": pa.array([1, 2] * (n // 2))}), tmp_path / "t.parquet")
    train, _ = load(tmp_path / "t.parquet")
    assert train.preprocessing is None
    assert train.classes == ("1", "2")
    np.testing.assert_array_equal(train.X, np.repeat(2.0 * train.y[:, None] - 1, len(types), axis=1))


def test_dictionaries_and_label_columns(tmp_path):
    content = {
        "c": pa.array(["u", None, "v", "u"] * 10).dictionary_encode(),
        "a": pa.array([i / 4 for i in range(40)]),
        "cat": pa.array([True, False] * 20),
        "dog": pa.array([0.0, 1.0] * 20),
    }
    pq.write_table(pa.table(content), tmp_path / "t.parquet")
    train, _ = load(tmp_path / "t.parquet", target="cat,dog")
    assert train.features == ("c=u", "c=v", "c=(missing)", "a")
    np.testing.assert_array_equal(train.y.sum(axis=1), 1)


TODAY = datetime.date(2020, 1, 1)
BAD = [
    ({"d": [TODAY] * 4, "k": [0, 1] * 2}, "'d' holds date32", "Drop it"),
    ({"d": [[1, 2]] * 4, "k": [0, 1] * 2}, "'d' holds list", "Drop it"),
    (
        {"d": [1.0, np.inf, 2.0, 3.0], "k": [0, 1] * 2},
        "column 'd' holds inf on row 1",
        "Leave the cell empty",
    ),
    ({"d": [1.0, 2.0, 3.0, 4.0], "k": ["a", "b", None, "a"]}, "column 'k' is empty on row 2", "Fill the gap"),
    ({"d": [1.0, 2.0, 3.0, 4.0], "k": ["a", "b", "?", "a"]}, "column 'k' holds '?' on row 2", "Fill the gap"),
    ({"d": pa.nulls(4), "k": [0, 1] * 2}, "'d' is empty in every row", "Drop it"),
    ({"d": pa.array([], pa.float64()), "k": pa.array([], pa.int8())}, "got no rows", "Write one"),
    ({"k": [0, 1]}, "not be a feature too", "Name other"),
]


@pytest.mark.parametrize(("content", "got", "remedy"), BAD, ids=range(len(BAD)))
def test_bad_tables(tmp_path, content, got, remedy, refuses):
    pq.write_table(pa.table(content), tmp_path / "t.parquet")
    with refuses(DataError, "must", got, remedy):
        load(tmp_path / "t.parquet", target="k")


def test_words_need_a_preprocessing(both, refuses):
    with refuses(DataError, "must be numbers", "'colour' holds text", "Use load()"):
        read(both[1], target="kind")


@pytest.mark.parametrize("damage", ["cut", "flipped", "foreign", "empty"])
def test_damaged_files(both, damage, refuses):
    whole = both[1].read_bytes()
    middle = len(whole) // 2
    both[1].write_bytes(
        {
            "cut": whole[:middle],
            "flipped": whole[:-40] + bytes(255 - byte for byte in whole[-40:-8]) + whole[-8:],
            "foreign": b"PK\x03\x04 hello",
            "empty": b"",
        }[damage]
    )
    with refuses(DataError, "must be a whole Parquet file", "got", "Copy it again"):
        load(both[1])


def test_without_pyarrow(both, monkeypatch, refuses):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with refuses(DataError, "needs the package pyarrow", "not installed", "pip install pyarrow"):
        load(both[1])


def test_a_small_file_with_very_many_rows_is_refused_before_it_is_read(tmp_path, refuses, monkeypatch):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": pa.array(np.zeros(200_000)), "k": ["x"] * 200_000}), path)
    monkeypatch.setenv("CHAINRULE_UNPACK_LIMIT", "1M")
    for reader in (load, read):
        with refuses(DataError, "must not unpack to more than 1.0 MB", "unpack to 3.2 MB", "LIMIT=1G"):
            reader(path)
