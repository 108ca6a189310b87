"""Columns of X that are 0 in a whole mini-batch, or a tile of it, are passed over, and not a bit changes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from chainrule.engines.llvm.engine import LlvmEngine
from chainrule.engines.llvm.kernels import columns
from chainrule.engines.llvm.kernels.columns import (
    CHOICES,
    FEW_ROWS,
    TOGETHER,
    are_worth_listing,
    are_worth_listing_in_order,
    list_columns,
    room_of_columns,
    tiles_of,
)
from chainrule.engines.llvm.kernels.prefetch import Coming
from chainrule.engines.llvm.machine.caches import rows_at_a_time
from chainrule.engines.llvm.programs import build
from chainrule.engines.llvm.runtime import predictor, trainer
from chainrule.engines.reference import first_moments
from chainrule.equations.affine import TERMS
from chainrule.equations.network import Architecture
from chainrule.equations.optimizers import adamw, clip_by_value, sgd
from chainrule.equations.penalty import Penalty
from chainrule.network import Network
from tests.engines.claims import assert_same, examples, numbers, parameters, take, task
from tests.engines.compiled import DTYPES, TARGETS, compiled, guarded, name_of, untouched

WIDTHS = [(1, 2, 3, 4, 5), (15, 16, 17, 31, 33), (64, 100, 255, 256, 257), (784,)]


def with_margins(data, share=0.6, seed=5):
    """Samples of which each block of five lacks some columns, and some columns are 0 throughout."""
    rng, X = np.random.default_rng(seed), data.X.copy()
    for first in range(0, len(X), 5):
        X[first : first + 5, rng.random(X.shape[1]) < share] = 0
    X[:, rng.random(X.shape[1]) < share / 2] = 0
    return data._replace(X=X)


class Listed(NamedTuple):
    """The columns in use, those idle, and where each part of a sum begins; and of each tile, but the idle."""

    used: np.ndarray
    idle: np.ndarray
    bounds: np.ndarray
    tiles: list


def listed(X, target, dtype):
    """What generated code lists."""
    n, shape = X.shape[1], target.shape(dtype)
    parameters = ("rows", "table", "block", "inputs", "place", "choices")
    run = compiled(lambda code, *values: list_columns(code.unit)(code, *values), target, dtype, parameters)
    rows, around_X = guarded(X.astype(dtype))
    table = rows.ctypes.data + np.arange(len(X)) * rows.strides[0]
    place, around = guarded(np.full(room_of_columns(shape, n, len(X)), -1, np.int64))
    run(len(X), table.ctypes.data, shape.panel, n, place.ctypes.data, CHOICES.ctypes.data)
    assert untouched(around)
    assert untouched(around_X)
    parts, lists = -(-n // TERMS), 2 * -(-n // shape.panel)
    idle = parts + 1 + n + TOGETHER

    def at(start):
        count = place[start + parts]
        return place[start + parts + 1 :][:count], place[start : start + parts + 1]

    used, bounds = at(0)
    addresses = place[idle + n + TOGETHER + lists :][: tiles_of(shape, len(X))]
    starts = (addresses - place.ctypes.data) // place.itemsize
    return Listed(used, place[idle:][: n - len(used)], bounds, [at(start) for start in starts])


def tiles_of_rows(shape, rows):
    """First and last row of each tile: parts that stay in a cache, cut as evenly as can be."""
    part = rows_at_a_time(shape, TERMS)
    for start in range(0, rows, part):
        stop = min(start + part, rows)
        yield from np.array_split(np.arange(start, stop), -(-(stop - start) // shape.tallest))


@pytest.mark.parametrize("target", TARGETS, ids=name_of)
@pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
@pytest.mark.parametrize("widths", WIDTHS, ids=str)
def test_every_column_is_in_one_of_the_lists(widths, dtype, target):
    for n in widths:
        for rows, share in ((1, 0.5), (3, 0.7), (10, 0.9), (4, 0.0), (4, 1.0), (17, 0.95), (400, 0.99)):
            rng = np.random.default_rng([n, rows])
            X = np.where(rng.random((rows, n)) < share, 0, rng.normal(size=(rows, n)))
            found = listed(X, target, dtype)
            assert np.array_equal(found.idle, np.flatnonzero(~X.any(axis=0)))
            assert_lists(found.used, found.bounds, X)
            tiles = list(tiles_of_rows(target.shape(dtype), rows))
            assert len(tiles) == len(found.tiles)
            for tile, (used, bounds) in zip(tiles, found.tiles, strict=True):
                assert_lists(used, bounds, X if rows <= FEW_ROWS else X[tile])


def test_tiles_share_a_list_where_theirs_would_be_long(monkeypatch):
    monkeypatch.setattr(columns, "MOST_LISTED", 3 * (2 + 40 + TOGETHER))
    tallest = TARGETS[-1].shape(np.float32).tallest
    X = np.where(np.random.default_rng(0).random((3 * tallest + 1, 40)) < 0.9, 0, 1.0)
    for rows, tiles, shared in ((3 * tallest, 3, False), (3 * tallest + 1, 4, True)):
        found = listed(X[:rows], TARGETS[-1], np.float32)
        assert len(found.tiles) == tiles
        assert all(np.array_equal(used, found.used) for used, _ in found.tiles) == shared


def assert_lists(used, bounds, X):
    n = X.shape[1]
    assert np.array_equal(used, np.flatnonzero(X.any(axis=0)))
    assert np.array_equal(bounds, np.searchsorted(used, [*range(0, n, TERMS), n]))


def test_what_is_not_a_number_is_in_use():
    X = np.zeros((2, 9), np.float32)
    X[1, [2, 5, 7]] = np.nan, -0.0, 1e-45
    assert listed(X, TARGETS[-1], np.float32).used.tolist() == [2, 5, 7]


def test_whether_it_is_worth_while(monkeypatch):
    rng = np.random.default_rng(0)
    full = rng.random((4000, 50)) + 0.1
    margins = np.where(np.arange(50) < 10, 0, full)
    scattered = np.where(rng.random(full.shape) < 0.5, 0, full)
    assert not are_worth_listing(full, 10)
    assert are_worth_listing(margins, 10)
    assert are_worth_listing(margins, 4000)
    assert are_worth_listing(scattered, 1)
    assert not are_worth_listing(scattered, 10)  # hardly a column is 0 in ten rows
    assert not are_worth_listing(np.zeros((0, 50)), 10)
    assert not are_worth_listing(np.zeros((5, 50)), 10)
    monkeypatch.setattr(columns, "LOOKED_AT", 200)
    assert are_worth_listing(margins, 10)
    assert not are_worth_listing(full, 4000)


def test_chunks_are_judged_as_they_come():
    rng = np.random.default_rng(0)
    by_halves = rng.random((4000, 50)) + 0.1
    by_halves[:2000, :25] = by_halves[2000:, 25:] = 0
    assert are_worth_listing_in_order(by_halves, 96)
    assert not are_worth_listing(by_halves, 96)
    assert not are_worth_listing_in_order(by_halves + 1, 96)
    assert not are_worth_listing_in_order(by_halves[:500], 96)  # looking would take as long as predicting


def bits(what, params, data, threads, target=None):
    """All that comes of an epoch and a half."""
    steps = 3 * -(-len(data.X) // what.batch_size) // 2
    trained, losses, hits = take(LlvmEngine(threads, target), what, params, data, steps)
    thetas = [theta.tobytes() for theta in numbers(trained.snapshot()())]
    moments = [None if m.first is None else m.first.tobytes() for m in numbers(trained.moments())]
    seconds = [None if m.second is None else m.second.tobytes() for m in numbers(trained.moments())]
    return thetas, moments, seconds, losses.tobytes(), hits.tobytes()


def assert_passing_over_changes_no_bit(monkeypatch, what, params, data, threads=1, target=None):
    with monkeypatch.context() as patch:
        made = []
        patch.setattr(trainer, "are_worth_listing", lambda X, batch: made.append(1) or True)
        mine = bits(what, params, data, threads, target)
        assert made
    with monkeypatch.context() as patch:
        patch.setattr(trainer, "are_worth_listing", lambda X, batch: False)
        assert bits(what, params, data, threads, target) == mine


OPTIMIZERS = {
    "sgd": "sgd",
    "momentum": "momentum",
    "rmsprop": "rmsprop",
    "adam": "adam",
    "clipped": clip_by_value(sgd(), 0.01),
    "weight decay": adamw(weight_decay=0.1),
}


@pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimiser(optimizer, dtype, monkeypatch):
    widths = [70, 33, 5]
    what = task(widths, optimizer=OPTIMIZERS[optimizer], batch_size=7)
    data = with_margins(examples(widths, 60, dtype=dtype))
    assert_passing_over_changes_no_bit(monkeypatch, what, parameters(widths, dtype), data)


@pytest.mark.parametrize(
    "options",
    [
        {"penalty": Penalty(l2=0.1)},
        {"penalty": Penalty(l1=0.1)},
        {"dropout": 0.3},
        {"label_smoothing": 0.1},
    ],
    ids=str,
)
def test_what_else_a_step_has(options, monkeypatch):
    widths = [70, 33, 20, 5]
    what = task(widths, batch_size=7, **options)
    data = with_margins(examples(widths, 60, dtype=np.float32, weights=True))
    assert_passing_over_changes_no_bit(monkeypatch, what, parameters(widths, np.float32), data, threads=2)


@pytest.mark.parametrize("target", TARGETS, ids=name_of)
@pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
@pytest.mark.parametrize("batch_size", [1, 2, 10, 17, 60, 300])
def test_every_size(batch_size, dtype, target, monkeypatch):
    for widths in ([1, 2], [31, 4], [33, 70, 3], [300, 150, 20, 10]):
        for optimizer in ("sgd", "adam"):
            what = task(widths, optimizer=optimizer, batch_size=batch_size)
            data = with_margins(examples(widths, 30 if batch_size < 20 else 620, dtype=dtype))
            params = parameters(widths, dtype)
            for threads in (1, 3):
                assert_passing_over_changes_no_bit(monkeypatch, what, params, data, threads, target)


@pytest.mark.parametrize("of_samples", DTYPES, ids=name_of)
def test_samples_of_another_precision(of_samples, monkeypatch):
    widths = [70, 33, 5]
    data = with_margins(examples(widths, 60, dtype=np.float32))
    data = data._replace(X=data.X.astype(of_samples))
    what = task(widths, batch_size=7)
    assert_passing_over_changes_no_bit(monkeypatch, what, parameters(widths, np.float32), data)


def test_the_reference_agrees():
    widths = [300, 20, 4]
    data = with_margins(examples(widths, 90))
    assert are_worth_listing(data.X, 5)
    assert_same(task(widths, batch_size=5, optimizer="momentum"), parameters(widths), data, threads=2)


@pytest.mark.parametrize("target", TARGETS, ids=name_of)
@pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
def test_predictions(dtype, target, monkeypatch):
    for widths in ([5, 2], [33, 70, 3], [784, 40, 10]):
        network = Network(widths, seed=0, dtype=np.dtype(dtype).name)
        net, params = Architecture(network.hidden, network.head), network.params
        for rows in (1, 17, 96, 97, 1000):
            X = with_margins(examples(widths, rows, dtype=dtype)).X
            found = []
            for choice in (True, False):
                monkeypatch.setattr(predictor, "are_worth_listing_in_order", lambda X, chunk, c=choice: c)
                out, finite = LlvmEngine(2, target).outputs(net, params, X)
                assert finite
                found.append(out.tobytes())
            assert found[0] == found[1]


@pytest.mark.parametrize("target", TARGETS, ids=name_of)
@pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
def test_a_few_rows_pass_over_pairs_of_vectors(dtype, target):
    """−0 is in use, and adds as little to a sum as 0; but −0 · ∞ is no number, and 0 · ∞ is passed over."""
    pair = 2 * target.shape(dtype).lanes
    for widths in ([3 * pair, 2], [9 * pair + 3, 33, 5], [pair - 1, 4], [784, 40, 10]):
        network = Network(widths, seed=0, dtype=np.dtype(dtype).name)
        X = examples(widths, 5, dtype=dtype).X
        X[:, : pair // 2] = 0
        X[:, 2 * pair : 5 * pair] = 0
        X[3] = 0
        direct = LlvmEngine(1, target).few(network.architecture, network.params)
        (out, finite), (again, _) = direct.outputs(X), direct.outputs(np.where(X == 0, -X, X))
        assert finite
        assert out.tobytes() == again.tobytes()
    network = Network([6 * pair, 3], seed=0, dtype=np.dtype(dtype).name)
    network.params[1].W[:, 2 * pair + 1] = np.inf
    X = np.ones((1, 6 * pair), dtype)
    X[:, 2 * pair : 3 * pair] = 0
    direct = LlvmEngine(1, target).few(network.architecture, network.params)
    assert np.isfinite(direct.outputs(X)[0]).all()
    assert np.isnan(direct.outputs(np.where(X == 0, -X, X))[0]).all()


def test_a_number_that_is_none_is_found_among_columns_of_zeros():
    network = Network([40, 3], seed=0, dtype="float32")
    X = np.zeros((2000, 40), np.float32)
    X[:, :20] = 1
    assert are_worth_listing_in_order(X, 96)
    for wrong in (np.nan, np.inf):
        X[1234, 33] = wrong
        assert not LlvmEngine(1).outputs(network.architecture, network.params, X)[1]


def test_parameters_that_are_passed_over_are_not_even_touched():
    """By an infinite learning rate, which would turn them into NaN: ∞ · 0."""
    widths = [40, 8, 3]
    data, params = examples(widths, 20, dtype=np.float32), parameters(widths, np.float32)
    data.X[:, 10:30] = 0
    for optimizer, still in (("sgd", True), ("momentum", False)):
        what = task(widths, optimizer=optimizer, batch_size=5)
        trained = LlvmEngine(1).trainer(what, params, first_moments(what.optimizer, params), data)
        trained.take(np.arange(20), 0, np.full(1, np.inf), None)
        W = trained.snapshot()()[1].W
        assert np.array_equal(W[:, 10:30], params[1].W[:, 10:30]) == still
        assert np.isnan(W[:, 10:30]).all() != still
        assert not np.isfinite(W[:, :10]).any()


def test_momentum_goes_on_by_what_it_remembers():
    widths = [40, 8, 3]
    data, params = examples(widths, 20, dtype=np.float32), parameters(widths, np.float32)
    data.X[:, 10:30] = 0
    data.X[5:10, 2] = 0
    for optimizer, still in (("sgd", True), ("momentum", False)):
        what = task(widths, optimizer=optimizer, batch_size=5)
        trained = LlvmEngine(1).trainer(what, params, first_moments(what.optimizer, params), data)
        trained.take(np.arange(20), 0, np.full(1, 0.1), None)
        before = trained.snapshot()()[1].W
        trained.take(np.arange(20), 1, np.full(1, 0.1), None)
        after = trained.snapshot()()[1].W
        assert np.array_equal(before[:, 2], after[:, 2]) == still
        assert not np.array_equal(before[:, 1], after[:, 1])


@pytest.mark.parametrize("batch_size", [10, 60])
def test_all_lines_of_the_next_step_are_asked_for(batch_size, monkeypatch, tmp_path):
    """However many columns are passed over, fetching keeps pace with those that are left."""
    log = np.full(20, -1, np.int64)
    clear = Coming.clear

    def write_down(coming):
        code = coming.code
        count = code.ints(code.index(log.ctypes.data))
        count.store(count.whole() + 1)
        (count + 1 + count.whole()).store(coming["left"])
        clear(coming)

    monkeypatch.setattr(Coming, "clear", write_down)
    monkeypatch.setattr(build, "source_digest", lambda: f"with a log at {log.ctypes.data}")
    monkeypatch.setattr(build, "_made", {})
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path))
    widths = [784, 64, 10]
    data, params = examples(widths, 6 * batch_size, dtype=np.float32), parameters(widths, np.float32)
    data.X[:, 100:600] = 0
    what = task(widths, batch_size=batch_size)
    trained = LlvmEngine(1).trainer(what, params, first_moments(what.optimizer, params), data)
    trained.take(np.arange(len(data.X)), 0, np.full(6, 0.1), None)
    count, *left = log[: 2 + log[0]].tolist()
    assert (count, left[1:]) == (5, [0] * 5)  # what the first step finds was never listed
