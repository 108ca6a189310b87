"""Streams: the same numbers as in memory, every sample once an epoch, and training to the same bits."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import InputError, Network
from chainrule.datasets import Stream, load, open_stream
from chainrule.datasets.streams import parquet_stream
from chainrule.engines.base import Examples
from chainrule.errors import DataError, TrainingDiverged
from chainrule.training.checkpoints import find
from chainrule.training.streams import joined

COUNT, WIDTH = 1000, 4

# The tables of these tests number their rows, so that rows can be told apart.
pytestmark = pytest.mark.filterwarnings("ignore:column 'row' seems to number the rows")


class Blocks:
    """A stream over arrays, in blocks of these sizes, in their own order."""

    def __init__(self, X, y, sizes, announced=None):
        self.X, self.y, self.sizes = X, y, sizes
        self.n_features, self.n_classes = X.shape[1], int(y.max()) + 1
        self.announced = len(X) if announced is None else announced

    def __len__(self):
        return self.announced

    def blocks(self, random):
        stops = np.cumsum(self.sizes)
        for stop, size in zip(stops, self.sizes, strict=True):
            yield self.X[stop - size : stop], self.y[stop - size : stop]


@pytest.fixture(scope="module")
def cloud():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(COUNT, WIDTH)).astype(np.float32)
    return X, (X @ rng.normal(size=(WIDTH, 3))).argmax(axis=1)


def network(**options):
    return Network([WIDTH, 8, 3], **{"hidden": "tanh", "seed": 1, "dtype": "float32", **options})


def bits(net):
    return [theta.tobytes() for layer in net.params for theta in layer]


@pytest.mark.parametrize("engine", ["llvm", "reference"])
@pytest.mark.parametrize(
    "options", [{"optimizer": "adam", "dropout": 0.2}, {"schedule": "cosine", "l2": 1e-3}], ids=str
)
def test_one_block_trains_to_the_same_bits(cloud, engine, options):
    X, y = cloud
    whole, streamed = network(engine=engine), network(engine=engine)
    for _ in range(2):  # the second run goes on where the first one ended
        a = whole.fit(X, y, epochs=3, batch_size=32, progress=False, validation=(X, y), **options)
        b = streamed.fit(
            Blocks(X, y, [COUNT]), epochs=3, batch_size=32, progress=False, validation=(X, y), **options
        )
    assert bits(whole) == bits(streamed)
    assert [r._replace(seconds=0) for r in a] == [r._replace(seconds=0) for r in b]


@pytest.mark.parametrize("sizes", [[333, 333, 334], [1, 5, 994], [1] * 40 + [960], [32] * 31 + [8]], ids=len)
def test_blocks_of_any_size_train(cloud, sizes):
    net = network()
    history = net.fit(Blocks(*cloud, sizes), epochs=10, batch_size=32, optimizer="adam", progress=False)
    assert history[-1].loss < 0.8 * history[0].loss
    steps = []
    net.fit(Blocks(*cloud, sizes), epochs=1, batch_size=32, on_batch=steps.append, progress=False)
    assert len(steps) == steps[-1].batch == steps[-1].batches == -(-COUNT // 32)
    assert steps[-1].samples == COUNT


@pytest.mark.parametrize("sizes", [[7], [3, 3, 3, 3], [10, 1, 4], [8, 8], [2, 9, 1]], ids=str)
def test_joined_blocks_are_whole_mini_batches(sizes):
    rows = np.arange(sum(sizes), dtype=float)
    parts = np.split(rows, np.cumsum(sizes)[:-1])
    found = list(joined((Examples(p[:, None], p[:, None], p) for p in parts), 4, len(rows)))
    assert all(len(block.X) % 4 == 0 for block in found[:-1])
    np.testing.assert_array_equal(np.concatenate([block.weight for block in found]), rows)


STEPS = -(-COUNT // 32)


@pytest.mark.parametrize("engine", ["llvm", "reference"])
@pytest.mark.parametrize("sizes", [[333, 333, 334], [1, 5, 994], [COUNT]], ids=len)
def test_going_on_from_any_step(cloud, engine, sizes, tmp_path):
    """Inside a block, between two, at the end of an epoch: the same bits as a run that never stopped."""
    options = {"epochs": 2, "batch_size": 32, "optimizer": "adam", "dropout": 0.2, "progress": False}
    stream = Blocks(*cloud, sizes)
    whole = network(engine=engine)
    lines = whole.fit(stream, **options).records

    for step in (1, 10, 11, 12, STEPS - 1, STEPS, STEPS + 1, 2 * STEPS - 1, 2 * STEPS):
        folder, seen = tmp_path / str(step), []

        def stop(event, seen=seen, step=step):
            seen.append(event)
            if len(seen) == step:
                raise KeyboardInterrupt

        stopped = network(engine=engine)
        stopped.fit(stream, on_batch=stop, checkpoint=folder, **options)
        found = find(folder).state.at
        assert (found.epoch * STEPS + found.batch, found.batch > 0) == (step, True)
        again = network(engine=engine)
        history = again.fit(stream, checkpoint=folder, resume=True, **options)
        assert bits(again) == bits(whole)
        assert [r._replace(seconds=0) for r in history] == [r._replace(seconds=0) for r in lines]


def test_going_on_with_other_samples_is_refused(cloud, tmp_path):
    X, y = cloud
    stream = Blocks(X, y, [500, 500])
    stream.checksum = lambda: "some"
    options = {"batch_size": 32, "checkpoint": tmp_path / "kept", "progress": False}
    network().fit(stream, epochs=1, **options)
    stream.checksum = lambda: "others"
    with pytest.raises(InputError, match="the data must be those of the run that is resumed"):
        network().fit(stream, epochs=2, resume=True, **options)
    with pytest.raises(InputError, match="samples must be 1000"):
        network().fit(Blocks(X[:900], y[:900], [900]), epochs=2, resume=True, **options)


@pytest.mark.parametrize("announced", [COUNT - 1, COUNT + 1, 10 * COUNT])
def test_a_stream_that_is_not_as_long_as_it_says(cloud, announced):
    with pytest.raises(InputError, match="as many samples as its length says"):
        network().fit(Blocks(*cloud, [500, 500], announced), epochs=1, progress=False)


def test_what_a_stream_cannot_have(cloud):
    X, y = cloud
    source = Blocks(X, y, [COUNT])
    assert isinstance(source, Stream)
    for arguments, must in (
        ({"y": y}, "y and sample_weight must be left out"),
        ({"sample_weight": np.ones(COUNT)}, "y and sample_weight must be left out"),
        ({"validation": 0.1}, "validation must be data of their own"),
    ):
        with pytest.raises(InputError, match=must):
            network().fit(source, epochs=1, progress=False, **arguments)
    with pytest.raises(InputError, match="must have 4 inputs and 3 outputs"):
        Network([5, 3]).fit(source, progress=False)
    with pytest.raises(InputError, match="at least one sample"):
        network().fit(Blocks(X, y, [], announced=0), progress=False)


def test_a_number_that_is_not_finite_is_found(cloud):
    X, y = cloud[0].copy(), cloud[1]
    X[700, 2] = np.nan
    with pytest.raises(InputError, match="X must be finite"):
        network().fit(Blocks(X, y, [500, 500]), epochs=1, progress=False)


@pytest.mark.parametrize("engine", ["llvm", "reference"])
def test_divergence_keeps_the_last_good_parameters(cloud, engine):
    net = network(engine=engine, hidden="relu")
    with pytest.raises(TrainingDiverged, match="must stay finite"):
        net.fit(Blocks(*cloud, [500, 500]), epochs=50, learning_rate=1e30, progress=False)
    assert all(np.isfinite(theta).all() for layer in net.params for theta in layer)


def write(path, n=3000, group=100, gaps=True):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    rng = np.random.default_rng(5)
    u = rng.normal(100, 3, n)
    if gaps:
        u[rng.random(n) < 0.1] = np.nan
    content = {
        "u": u,
        "row": np.arange(n, dtype=float),
        "c": pa.array(np.array(["a", "b", "c"])[rng.integers(3, size=n)]),
        "k": pa.array(["x", "y"] * (n // 2)),
    }
    pq.write_table(pa.table(content), path, row_group_size=group)
    return path


@pytest.fixture
def table(tmp_path):
    return write(tmp_path / "t.parquet")


def rows_in(X, scaling, column=1):
    return np.round(X[:, column].astype(float) * scaling.scale[column] + scaling.shift[column]).astype(int)


def test_every_row_comes_once_and_parts_do_not_meet(table, monkeypatch):
    monkeypatch.setattr(parquet_stream, "BLOCK_NUMBERS", 5 * 400)
    train, validation, test = open_stream(table, target="k", test_fraction=0.2, validation=0.1)
    assert (len(train), len(validation), len(test)) == (2200, 200, 600)
    for seed in (0, 1):
        blocks = list(train.blocks(np.random.default_rng(seed)))
        assert [len(X) for X, _ in blocks] == [400] * 5 + [200]
        found = np.concatenate([rows_in(X, train.scaling) for X, _ in blocks])
        held = [rows_in(part.X, train.scaling) for part in (validation, test)]
        np.testing.assert_array_equal(np.sort(np.concatenate([found, *held])), np.arange(3000))
        labels = np.concatenate([y for _, y in blocks])
        np.testing.assert_array_equal(labels, found % 2)


def test_the_checksum_is_that_of_the_file_and_of_what_takes_part(table):
    same, other = (open_stream(table, target="k", seed=seed)[0] for seed in (0, 1))
    assert same.checksum() == open_stream(table, target="k", seed=0)[0].checksum() != other.checksum()


def test_order_comes_from_the_seed(table):
    train, *_ = open_stream(table, target="k")
    orders = [
        rows_in(next(train.blocks(np.random.default_rng(seed)))[0], train.scaling) for seed in (0, 0, 1)
    ]
    np.testing.assert_array_equal(orders[0], orders[1])
    assert (orders[0] != orders[2]).any()


def test_one_pass_learns_what_a_fit_in_memory_learns(tmp_path, monkeypatch):
    """All rows in training: as few held out as can be, and these repeat a row group."""
    pq = pytest.importorskip("pyarrow.parquet")
    path = write(tmp_path / "t.parquet")
    monkeypatch.setattr(parquet_stream, "PIECE", 64)
    train, _, _ = open_stream(path, target="k")
    kept = pq.ParquetFile(path).read_row_groups(list(train.groups))
    pq.write_table(kept, tmp_path / "kept.parquet")
    from chainrule.datasets.preparing.preprocessing import fit
    from chainrule.datasets.tables.parquet import read_training_parquet

    raw = read_training_parquet(tmp_path / "kept.parquet", "k")
    expected = fit(raw.features, raw.X, raw.words)
    scaling = expected.scaling(expected(raw.X, raw.words))
    assert train.preprocessing.features == expected.features
    fills = [[one.fill or 0 for one in p.inputs] for p in (train.preprocessing, expected)]
    np.testing.assert_allclose(*fills, rtol=1e-13)
    np.testing.assert_allclose(train.scaling.shift, scaling.shift, rtol=1e-13)
    np.testing.assert_allclose(train.scaling.scale, scaling.scale, rtol=1e-12)


def test_numbers_alone_need_no_preprocessing(tmp_path):
    path = write(tmp_path / "t.parquet", gaps=False)
    train, _, _ = open_stream(path, target="k", drop="c")
    assert train.preprocessing is None
    assert train.features == ("u", "row")
    assert open_stream(path, target="k")[0].preprocessing is not None


def test_a_network_remembers_what_it_was_trained_on(table, tmp_path):
    train, validation, test = open_stream(table, target="k", validation=0.1, drop="row")
    net = Network([4, 5, 2], seed=0)
    net.fit(train, validation=validation, epochs=2, progress=False)
    net.save(tmp_path / "m")
    again = Network.load(tmp_path / "m")
    assert again.data == net.data
    assert again.data.preprocessing == train.preprocessing
    assert again.evaluate(test).loss == net.evaluate(test).loss


def test_refusals(tmp_path, table, refuses):
    with refuses(InputError, "only a Parquet file", "'t.csv'", "Convert"):
        open_stream(tmp_path / "t.csv")
    single = write(tmp_path / "one.parquet", group=10_000)
    with refuses(DataError, "must have more than 1 row groups", "got 1", "row_group_size"):
        open_stream(single, target="k")
    for bad in (0, 1, 2, "x"):
        with pytest.raises(InputError, match="between 0 and 1"):
            open_stream(table, target="k", test_fraction=bad)


def test_constant_columns_and_large_ones(tmp_path):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    n = 3000
    content = {"a": np.full(n, 0.1), "b": np.linspace(1, 2, n) * 1e30, "c": np.linspace(0, 1e-30, n)}
    pq.write_table(pa.table({**content, "k": np.arange(n) % 2}), tmp_path / "t.parquet", row_group_size=100)
    train, _, _ = open_stream(tmp_path / "t.parquet")
    X = np.concatenate([X for X, _ in train.blocks(np.random.default_rng(0))])
    np.testing.assert_allclose(X.std(axis=0), [0, 1, 1], atol=1e-4)


def test_memory_decides(table, monkeypatch):
    monkeypatch.setattr(parquet_stream, "free_memory", lambda: 10**9)
    assert not parquet_stream.should_stream(table)
    monkeypatch.setattr(parquet_stream, "free_memory", lambda: 2 * 12 * 3000 * 4 - 1)
    assert parquet_stream.should_stream(table)
    assert not parquet_stream.should_stream(table.with_suffix(".csv"))
    assert load(table, target="k")[0].n_features == 5


def test_a_gap_that_only_the_test_part_has_is_filled(tmp_path):
    """The training rows have none; it was said that X must be finite."""
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    for gap in range(10):
        a = [None if row == gap else float(row % 3) for row in range(10)]
        table = pa.table({"a": pa.array(a, pa.float64()), "k": [row % 2 for row in range(10)]})
        pq.write_table(table, tmp_path / "t.parquet", row_group_size=1)
        train, _, test = open_stream(tmp_path / "t.parquet", test_fraction=0.4)
        assert train.preprocessing is not None
        assert np.isfinite(test.X).all()
