"""An index is no feature, and a number of the row no label."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from chainrule import Network
from chainrule.datasets import load, open_stream, read, read_features
from chainrule.datasets.tables.row_numbers import RowNumbers
from chainrule.errors import DataError, DataWarning

N = 60


def sorted_noise(n=N):
    rng = np.random.default_rng(0)
    return {
        "noise": rng.normal(size=n),
        "more": rng.normal(size=n),
        "kind": ["no"] * (n // 2) + ["yes"] * (n // 2),
    }


@pytest.fixture
def frame():
    pd = pytest.importorskip("pandas")
    return pd.DataFrame(sorted_noise())


def accuracy(train, test):
    network = Network([train.n_features, 16, 2], hidden="tanh", seed=0)
    network.fit(train, epochs=60, optimizer="adam", learning_rate=0.03, progress=False)
    return network.evaluate(test).accuracy


def test_the_index_of_a_shuffled_frame_is_left_out(tmp_path):
    """It gave the label away: pure noise reached 100 % on the test part."""
    frame, path = pytest.importorskip("pandas").DataFrame(sorted_noise(300)), tmp_path / "t.parquet"
    frame.sample(frac=1, random_state=1).to_parquet(path)
    train, test = load(path)
    assert train.features == ("noise", "more")
    assert train.classes == ("no", "yes")  # the index stands last in the file, and is no label either
    assert accuracy(train, test) < 0.8
    leaking = frame.reset_index(names="idx").sample(frac=1, random_state=1)
    with pytest.warns(DataWarning, match="column 'idx' seems to number the rows"):
        train, test = load(write(leaking, tmp_path / "leaking.csv"))
    assert accuracy(train, test) > 0.97


def write(frame, path, **options):
    frame.to_csv(path, index=False, **options)
    return path


def test_streams_and_predictions_leave_it_out_too(frame, tmp_path):
    path = tmp_path / "t.parquet"
    frame.sample(frac=1, random_state=1).to_parquet(path, row_group_size=10)
    train, _, _ = open_stream(path)
    assert train.features == ("noise", "more")
    assert read(path).features == ("noise", "more")
    frame.drop(columns="kind").sample(frac=1, random_state=1).to_parquet(path)
    assert read_features(path, n_features=2).shape == (N, 2)
    known = read_features(path, n_features=1, features=["__index_level_0__"])  # a model of earlier versions
    assert sorted(known[:, 0]) == list(range(N))


def test_an_index_with_a_name_is_left_out_and_told(frame, tmp_path):
    path = tmp_path / "t.parquet"
    frame["city"] = np.random.default_rng(1).permutation(N) % 4
    frame.set_index("city").to_parquet(path)
    with pytest.warns(DataWarning, match=r"t.parquet: column 'city' left out: the file calls it its index"):
        train, _ = load(path)
    assert train.features == ("noise", "more")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "city=0" in load(path, categorical="city")[0].features  # asked for by name
        assert load(path, drop="city")[0].features == ("noise", "more")
    frame.set_index(["city", "noise"]).to_parquet(path)
    with pytest.warns(DataWarning, match="columns 'city', 'noise' left out: the file calls"):
        assert load(path)[0].features == ("more",)


@pytest.mark.parametrize(
    "metadata",
    [
        b"",
        b"{",
        b"[]",
        b"5",
        b'{"index_columns": 5}',
        b'{"index_columns": [{"kind": "range"}, 7, "none"]}',
        b"\xff",
    ],
)
def test_metadata_that_say_nothing(tmp_path, metadata):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    table = pa.table(sorted_noise()).replace_schema_metadata({b"pandas": metadata})
    pq.write_table(table, tmp_path / "t.parquet")
    assert load(tmp_path / "t.parquet")[0].features == ("noise", "more")


rng = np.random.default_rng(5)
NUMBER_ROWS = {
    "idx": np.arange(N),
    "Unnamed: 0": np.arange(N)[::-1],
    "a": rng.permutation(N),
    "b": np.arange(1, N + 1) * 10,
    "c": np.sort(rng.choice(10**6, N, replace=False)),
    "d": rng.permutation(2 * N - 5)[:N],  # a sample of numbered rows
    "e": -np.arange(N) - 0.0,
    "customer_id": rng.choice(10**9, N, replace=False),
    "ID": rng.choice(10**9, N, replace=False),
    "#": rng.choice(10**9, N, replace=False),
}
DO_NOT = {
    "u": np.arange(N) + 0.5,
    "v": np.arange(N) // 2,
    "w": rng.integers(0, 1000, N),
    "weight": rng.choice(10**9, N, replace=False),
    "y": rng.normal(size=N),
    "id": np.arange(N) % 5,
    "z": np.where(np.arange(N) == 7, np.nan, np.arange(N)),
    "idea": rng.choice(10**9, N, replace=False),
}


@pytest.mark.parametrize("size", [N, 20, 7, 1])
def test_which_columns_number_the_rows(size):
    columns = {**NUMBER_ROWS, **DO_NOT}
    X = np.column_stack(list(columns.values()))
    numbers = RowNumbers(list(columns))
    for start in range(0, N, size):
        numbers.add(X[start : start + size])
    if size == N:
        assert numbers.found == [name for name in NUMBER_ROWS if name != "customer_id"]
    else:  # in pieces less is known: a number that comes again in another piece goes unseen
        assert {name for name in NUMBER_ROWS if name != "customer_id"} <= set(numbers.found)


def test_a_few_rows_may_have_any_numbers(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,k\n" + "".join(f"{i},{'xy'[i % 2]}\n" for i in range(19)))
    assert len(load(path)[0]) == 15


def test_a_column_of_row_numbers_is_asked_about(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("Unnamed: 0,a,k\n" + "".join(f"{i},{i % 3},{'xy'[i % 2]}\n" for i in range(N)))
    with pytest.warns(
        DataWarning, match=r"'Unnamed: 0' seems to number the rows.*Is it an index.*--drop 'Unnamed: 0'"
    ):
        load(path)
    assert load(path, drop="Unnamed: 0")[0].features == ("a",)
    np.savez(tmp_path / "t.npz", X=np.column_stack([np.arange(N), rng.normal(size=N)]), y=np.arange(N) % 2)
    with pytest.warns(DataWarning, match="column 'column 1' seems to number the rows"):
        load(tmp_path / "t.npz")
    np.savez(tmp_path / "pixels.npz", X=np.arange(N, dtype=np.uint8)[:, None], y=np.arange(N) % 2)
    load(tmp_path / "pixels.npz")


LABELS = [
    (range(N), "a measure or an id: 60 different numbers on 60 rows"),
    ([i * 1.5 for i in range(N)], "a measure: 60 different numbers on 60 rows"),
    ([i // 2 * 1.5 for i in range(N)], "a measure: 30 different numbers on 60 rows"),
    ([f"{i // 2},5" for i in range(N)], "a measure: 30 different numbers on 60 rows"),
    ([i % 40 for i in range(N)], "a measure or an id: 40 different numbers on 60 rows"),
    ([f"n{i}" for i in range(N)], "a name or an id: 60 different texts on 60 rows"),
]


@pytest.mark.parametrize(("labels", "got"), LABELS, ids=[got for _, got in LABELS])
def test_labels_that_are_no_classes(tmp_path, labels, got, refuses):
    noise = sorted_noise()["noise"]
    paths = [tmp_path / "t.csv"]
    paths[0].write_text("a,k\n" + "".join(f'{a},"{k}"\n' for a, k in zip(noise, labels, strict=True)))
    readers = [load]
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        pass
    else:
        paths.append(tmp_path / "t.parquet")
        pq.write_table(pa.table({"a": noise, "k": list(labels)}), paths[1], row_group_size=10)
        readers.append(open_stream)
    for path in paths:
        for reader in readers if path.suffix == ".parquet" else [load]:
            with refuses(DataError, "several samples share", got, "Name the label column with --target"):
                reader(path)
    read(paths[0])  # to look at it is no mistake


@pytest.mark.parametrize(
    "labels",
    [
        [i % 10 for i in range(N)],
        [i % 3 + 0.5 for i in range(N)],
        [f"n{i % 59}" for i in range(N)],
        list(range(9)),
        ["1"] * N,
    ],
    ids=lambda labels: str(len(set(labels))),
)
def test_labels_that_are_classes(tmp_path, labels):
    path = tmp_path / "t.csv"
    path.write_text("a,k\n" + "".join(f"{i / 7},{k}\n" for i, k in enumerate(labels)))
    assert len(load(path)[0].classes) == len(set(labels))


def test_an_archive_that_names_its_classes_is_believed(tmp_path):
    X, y = rng.normal(size=(N, 2)), np.arange(N)
    np.savez(tmp_path / "a.npz", X=X, y=y, classes=[f"c{i}" for i in y])
    assert load(tmp_path / "a.npz")[0].n_classes == N
    np.savez(tmp_path / "b.npz", X=X, y=y)
    with pytest.raises(DataError, match="looks like a measure or an id"):
        load(tmp_path / "b.npz")
