"""What the next step reads is asked for: every line of it, once, and in time."""

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from chainrule.engines.base import Examples, Task
from chainrule.engines.llvm.engine import LlvmEngine
from chainrule.engines.llvm.kernels.prefetch import A_ROW, NUMBERS, Coming, fetch, room_of_coming
from chainrule.engines.llvm.machine.caches import LINE
from chainrule.engines.llvm.writer.values import Array
from chainrule.engines.reference import first_moments
from chainrule.equations.optimizers import sgd
from chainrule.equations.penalty import Penalty
from chainrule.network import Network
from tests.engines.compiled import TARGETS, compiled, guarded, name_of, untouched


def asked(monkeypatch, target, targets, rows, size, work, passes):
    """The addresses asked for after each of some passes, of which each has so many rows of a panel."""
    log = np.zeros(1 + 10_000, np.int64)

    def write_down(place, level=1):
        entries = place.code.ints(place.code.index(log.ctypes.data))
        count = entries.whole()
        (entries + (count + 1)).store(place.address)
        entries.store(count + 1)

    monkeypatch.setattr(Array, "prefetch", write_down)

    def begin(code, state, table, n, n_rows, size, work):
        coming = Coming(code, state)
        coming.clear()
        with code.loop(0, n) as i:
            coming.add(code.ints((code.ints(table) + i).whole()))
        coming.begin(n_rows, size, work)

    def step(code, state, rows):
        code.unit.shared(fetch)(code, state, rows)

    table = np.array([*targets, *rows], np.int64)
    state, whole = guarded(np.zeros(room_of_coming(len(table)), np.int64))
    names = ("state", "table", "n", "rows", "size", "work")
    compiled(begin, target, np.float32, names)(
        state.ctypes.data, table.ctypes.data, len(table), len(rows), size, work
    )
    run, seen = compiled(step, target, np.float32, ("state", "rows")), []
    for count in passes:
        before = log[0]
        run(state.ctypes.data, count)
        seen.append(log[1 + before : 1 + log[0]].tolist())
    assert untouched(whole)
    return seen


@pytest.mark.parametrize("size", [1, 4, 63, 64, 65, 216, 3136])
@pytest.mark.parametrize("target", TARGETS, ids=name_of)
def test_every_line_is_asked_for_once_and_the_last_one_in_time(monkeypatch, target, size):
    targets, rows = [70, 13_000, 999], [1_000_004 * n for n in range(1, 8)]
    passes = [3, 32, 1, 17, 32, 15]
    seen = asked(monkeypatch, target, targets, rows, size, sum(passes), passes)
    places = [place for some in seen for place in some]
    assert places[: len(targets) + len(rows)] == [*targets, *rows]
    assert len(set(places)) == len(places)
    needed = {(row + byte) // LINE for row in rows for byte in range(size)}
    assert needed <= {place // LINE for place in places}
    share = len(places) / sum(passes)
    for some, count in zip(seen, passes, strict=True):
        assert abs(len(some) - share * count) <= 1  # no bursts


def test_nothing_is_asked_for_where_nothing_comes(monkeypatch):
    assert asked(monkeypatch, TARGETS[0], [], [], 3136, 100, [50, 50, 50]) == [[], [], []]


@pytest.mark.parametrize(
    ("layers", "batch"), [((20, 12, 3), 10), ((60, 70, 5), 64)], ids=("read in place", "gathered")
)
@pytest.mark.parametrize("threads", [1, 2])
def test_the_next_mini_batch_is_what_is_listed(layers, batch, threads):
    rng, n = np.random.default_rng(0), 3 * batch
    X, labels = rng.random((n, layers[0]), np.float32), rng.integers(layers[-1], size=n)
    examples = Examples(X, np.eye(layers[-1], dtype=np.float32)[labels], np.ones(n, np.float32))
    network = Network(layers, seed=0, dtype="float32")
    task = Task(network.architecture, sgd(), Penalty(), 0.0, 0.0, batch)
    moments = first_moments(task.optimizer, network.params)
    trainer = LlvmEngine(threads=threads).trainer(task, network.params, moments, examples)
    order = rng.permutation(n)
    trainer.take(order, 0, np.full(2, 0.1), None)  # the second step lists nothing, and leaves the table
    tables = trainer._coming.numbers.reshape(threads, -1)[:, len(NUMBERS) :]
    listed = {int(place) for place in tables.ravel()}
    assert room_of_coming(batch) == len(NUMBERS) + A_ROW * batch
    for row in order[batch : 2 * batch]:
        for array in (trainer._X, trainer._Y, trainer._weight, trainer._labels):
            assert array[row : row + 1].ctypes.data in listed
    for row in order[:batch]:
        assert trainer._weight[row : row + 1].ctypes.data not in listed
