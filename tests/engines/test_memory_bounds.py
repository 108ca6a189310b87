"""Nothing outside its memory is written, nor read: guards full of NaN, round all that is touched."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.engines.base import Examples
from chainrule.engines.llvm.engine import LlvmEngine
from chainrule.engines.llvm.kernels import layout
from chainrule.engines.reference import first_moments
from chainrule.types import ByLayer, Layer
from tests.engines.claims import distance, examples, numbers, parameters, task
from tests.engines.compiled import DTYPES, TARGETS, guarded, name_of, untouched

ODD = (1, 2, 15, 16, 17, 31, 33)


@pytest.fixture(params=[False, True], ids=["all columns", "columns in use"])
def passing_over(request, monkeypatch):
    """Columns of zeros passed over, or not."""
    for name in ("runtime.trainer.are_worth_listing", "runtime.predictor.are_worth_listing_in_order"):
        monkeypatch.setattr(f"chainrule.engines.llvm.{name}", lambda X, rows: request.param)


@pytest.fixture
def blocks(monkeypatch):
    """Every block of memory made while the test runs, its guards full of NaN (integers: a bad address)."""
    made = []

    class Guarded(layout.Block):
        def __init__(self, n, dtype):
            super().__init__(n, dtype)
            for guard in self.guards:
                guard[:] = np.nan if guard.dtype.kind == "f" else -(2**60)
            made.append(self)

    for module in ("kernels.layout", "runtime.trainer", "runtime.predictor"):
        monkeypatch.setattr(f"chainrule.engines.llvm.{module}.Block", Guarded)
    return made


def guards_hold(blocks):
    assert blocks
    return all(
        np.isnan(guard).all() if guard.dtype.kind == "f" else (guard == -(2**60)).all()
        for block in blocks
        for guard in block.guards
    )


def train(widths, n, batch_size, dtype, target, threads=1, surrounded=guarded, of_samples=None):
    """Some steps on arguments that lie amid NaN; returns the parameters, and what surrounds the arguments."""
    what = task(widths, batch_size=batch_size, optimizer="adam")
    data, params = examples(widths, n, dtype=dtype), parameters(widths, dtype)
    data = data._replace(X=np.where(np.arange(widths[0]) % 3 == 1, 0, data.X).astype(of_samples or dtype))
    views, wholes = zip(*(surrounded(part) for part in data), strict=True)
    order, around = surrounded(np.random.default_rng(0).permutation(n))
    trainer = LlvmEngine(threads, target).trainer(
        what, params, first_moments(what.optimizer, params), Examples(*views)
    )
    steps = -(-n // batch_size)
    result = trainer.take(order, 0, np.full(steps, 0.01), None)
    assert np.isfinite(result.losses).all()
    assert np.isfinite(trainer.logits(views[0])).all()
    return trainer.snapshot()(), (*wholes, around)


@pytest.mark.parametrize("target", TARGETS, ids=name_of)
@pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
def test_training_stays_within_its_memory(dtype, target, blocks, passing_over):
    for n in ODD:
        for widths in ([n, 2], [3, n, 2], [n, 5, n, 5]):
            for rows, batch_size in ((1, 1), (17, 5), (33, 33), (530, 530)):
                params, around = train(widths, rows, batch_size, dtype, target, threads=1 + n % 3)
                assert all(np.isfinite(theta).all() for theta in numbers(params))
                assert all(map(untouched, around))
    assert guards_hold(blocks)


@pytest.mark.parametrize("target", TARGETS, ids=name_of)
@pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
@pytest.mark.parametrize("of_samples", DTYPES, ids=name_of)
def test_gathering_and_casting_stay_within_their_memory(of_samples, dtype, target, blocks, passing_over):
    for n in (1, 15, 16, 17, 33):
        for rows, batch_size in ((61, 60), (7, 3), (700, 600)):
            widths = [n, 50, 3]
            params, around = train(
                widths, rows, batch_size, dtype, target, threads=1 + n % 3, of_samples=of_samples
            )
            assert all(np.isfinite(theta).all() for theta in numbers(params))
            assert all(map(untouched, around))
    assert guards_hold(blocks)


@pytest.mark.parametrize("target", TARGETS, ids=name_of)
@pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
def test_prediction_stays_within_its_memory(dtype, target, blocks, passing_over):
    for n in ODD:
        for widths in ([n, 2], [3, n, 2], [n, 5, n, 5]):
            what, engine = task(widths), LlvmEngine(1, target)
            views, around = [], []
            for theta in numbers(parameters(widths, dtype)):
                view, whole = guarded(theta)
                views.append(view)
                around.append(whole)
            params = ByLayer(Layer(*pair) for pair in zip(views[::2], views[1::2], strict=True))
            few = engine.few(what.net, params)
            for rows in (1, 2, 16, 17, 97):
                X = np.where(np.arange(widths[0]) % 3 == 1, 0, examples(widths, rows, dtype=dtype).X)
                X, whole = guarded(X)
                outputs, finite = engine.outputs(what.net, params, X)
                short, finite_too = few.outputs(X)
                assert finite
                assert finite_too
                assert distance(short, outputs) < 1e3 * np.finfo(dtype).eps
                assert untouched(whole)
            assert all(map(untouched, around))
    assert guards_hold(blocks)


@pytest.mark.parametrize("part", ["n_theta", "n_rows"])
def test_a_block_that_is_one_vector_too_small_is_found(part, blocks, monkeypatch):
    """The guards themselves, tested with something wrong."""
    real = layout.plan

    def too_small(shape, *arguments, **options):
        plan = real(shape, *arguments, **options)
        return plan._replace(
            **{part: getattr(plan, part) - shape.lanes}
        )  # what is written fits into the guard

    monkeypatch.setattr(layout, "plan", too_small)
    monkeypatch.setattr(layout, "pack", lambda plan, theta, values: None)
    what, widths = task([5, 17, 16, 9]), [5, 17, 16, 9]
    params = parameters(widths)
    trainer = LlvmEngine(1).trainer(what, params, first_moments(what.optimizer, params), examples(widths, 20))
    result = trainer.take(np.arange(20), 0, np.full(2, 0.01), None)
    assert not (guards_hold(blocks) and np.isfinite(result.losses).all())


def test_reading_beside_an_argument_is_found(blocks):
    """Rows that are read one number too far, by a stride that is too long, meet NaN."""
    widths = [5, 3, 2]
    what, params, data = task(widths, batch_size=8), parameters(widths), examples(widths, 8)
    X, _ = guarded(data.X)
    trainer = LlvmEngine(1).trainer(what, params, first_moments(what.optimizer, params), data._replace(X=X))
    trainer._frame["X_stride"] = 6
    assert np.isnan(trainer.take(np.arange(8), 0, np.full(1, 0.01), None).losses).all()
