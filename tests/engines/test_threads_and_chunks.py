"""The same bits: from run to run, for any number of threads, and however the steps are split."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.engines.llvm.engine import LlvmEngine
from chainrule.engines.llvm.kernels import layout
from chainrule.engines.reference import first_moments
from tests.engines.claims import examples, numbers, parameters, take, task
from tests.engines.compiled import DTYPES, TARGETS, name_of

WIDTHS = [20, 65, 33, 10]
SIZES = (1, 2, 3, 4, 5, 8, 9, 16, 25, 40)
GATHERED = (48, 50, 83)


def bits(threads, batch_size, dtype, chunks=None, n=83):
    what = task(WIDTHS, optimizer="momentum", batch_size=batch_size)
    params, data = parameters(WIDTHS, dtype), examples(WIDTHS, n, dtype=dtype)
    trainer, losses, hits = take(LlvmEngine(threads), what, params, data, chunks=chunks)
    thetas = [theta.tobytes() for theta in numbers(trainer.snapshot()())]
    moments = [theta.first.tobytes() for theta in numbers(trainer.moments())]
    return thetas, moments, losses.tobytes(), hits.tobytes()


@pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
@pytest.mark.parametrize("batch_size", SIZES)
def test_the_number_of_threads_changes_no_bit(batch_size, dtype):
    alone = bits(1, batch_size, dtype)
    for threads in (2, 3, 5):
        assert bits(threads, batch_size, dtype) == alone


@pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
@pytest.mark.parametrize("batch_size", [300, 600])
def test_the_number_of_threads_changes_no_bit_of_sums_in_parts(batch_size, dtype):
    alone = bits(1, batch_size, dtype, n=1300)
    for threads in (2, 3, 5):
        assert bits(threads, batch_size, dtype, n=1300) == alone


@pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
@pytest.mark.parametrize("batch_size", GATHERED)
def test_gathering_rows_changes_no_bit(batch_size, dtype, monkeypatch):
    assert layout.is_gathered(WIDTHS, batch_size)
    for threads in (1, 2, 5):
        for chunks in (None, [1], [1, 2]):
            with monkeypatch.context() as patch:
                patch.setattr(layout, "FEWEST", 10**6)
                by_table = bits(1, batch_size, dtype, n=200)
            assert bits(threads, batch_size, dtype, chunks, n=200) == by_table


@pytest.mark.parametrize("batch_size", [5, 60])
@pytest.mark.parametrize(("theirs", "ours"), [(np.float64, np.float32), (np.float32, np.float64)])
def test_samples_of_another_precision_are_cast_on_their_way_in(theirs, ours, batch_size):
    what, params = task(WIDTHS, batch_size=batch_size), parameters(WIDTHS, ours)
    data = examples(WIDTHS, 130, dtype=ours)
    X = (np.random.default_rng(0).normal(size=data.X.shape) / 3).astype(theirs)
    assert (X.astype(ours) != X).any() or theirs is np.float32
    cast, kept = (
        take(LlvmEngine(2), what, params, data._replace(X=given))[0] for given in (X.astype(ours), X)
    )
    for mine, theirs_ in zip(numbers(kept.snapshot()()), numbers(cast.snapshot()()), strict=True):
        assert mine.dtype == ours
        assert mine.tobytes() == theirs_.tobytes()
    assert kept.logits(X).tobytes() == cast.logits(X.astype(ours)).tobytes()


@pytest.mark.parametrize("target", TARGETS, ids=name_of)
@pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
def test_a_row_has_the_same_bits_alone_and_among_others(dtype, target):
    """97 rows are 96 and one more, which is multiplied with several panels at once."""
    widths = [450, 150, 33, 10]
    what, params, data = task(widths), parameters(widths, dtype), examples(widths, 97, dtype=dtype)
    trainer = LlvmEngine(1, target).trainer(what, params, first_moments(what.optimizer, params), data)
    one_way, other_way = trainer.logits(data.X), trainer.logits(np.roll(data.X, 1, axis=0))
    assert np.roll(one_way, 1, axis=0).tobytes() == other_way.tobytes()


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_same_bits_from_run_to_run(threads):
    assert len({str(bits(threads, 9, np.float32)) for _ in range(5)}) == 1


@pytest.mark.parametrize("chunks", [[1], [3, 4], list(range(1, 9)), [7]])
@pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
def test_splitting_the_steps_changes_no_bit(chunks, dtype):
    assert bits(2, 10, dtype, chunks) == bits(2, 10, dtype)


def test_another_seed_changes_bits():
    """The comparison itself can fail."""
    what, params = task(WIDTHS), parameters(WIDTHS)
    results = [
        take(LlvmEngine(1), what, params, examples(WIDTHS, 83), seed=seed)[0].snapshot()() for seed in (0, 1)
    ]
    assert results[0][1].W.tobytes() != results[1][1].W.tobytes()
