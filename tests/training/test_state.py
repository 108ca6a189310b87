"""A run that begins at a state of another: the same bits as one that never stopped."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import InputError, Network
from chainrule.engines.base import Examples
from chainrule.engines.llvm.engine import LlvmEngine
from chainrule.engines.llvm.runtime.trainer import LlvmTrainer
from chainrule.engines.reference import ReferenceEngine, first_moments
from chainrule.equations.optimizers import OPTIMIZERS
from chainrule.equations.penalty import Penalty
from chainrule.training import pace as pacing
from chainrule.training.data import TrainingData, Whole, as_examples
from chainrule.training.events import BatchEnd, EpochEnd
from chainrule.training.loop import train
from chainrule.training.pace import FIRST_STEPS
from chainrule.training.plan import Plan
from chainrule.training.schedules import constant, cosine
from chainrule.training.state import Position, TrainingState

ENGINES = {"reference": ReferenceEngine(), "llvm": LlvmEngine(1)}
PLAN = Plan(3, 8, 0.1, OPTIMIZERS["adam"](), constant(), Penalty(), 0.0, 0.0, 5, 0)


def bits(layers):
    return [
        np.asarray(number).tobytes() for layer in layers for theta in layer for number in np.atleast_1d(theta)
    ]


def moment_bits(state):
    """The step counter of plain SGD means nothing, and engines count it as they like."""
    return [
        (moments.t if moments.first is not None else None, np.asarray(moments.first).tobytes(),
         np.asarray(moments.second).tobytes())
        for layer in state.moments for moments in layer
    ]  # fmt: skip


def line(record):
    return record._replace(seconds=0)


class Job:
    """Data, a network and an engine, on which any plan can be run from any state."""

    def __init__(self, moon, engine, dtype="float64", widths=(2, 9, 5, 3)):
        self.network = Network(widths, hidden="tanh", seed=3, dtype=dtype)
        self.examples = as_examples(self.network, *moon)
        self.data = TrainingData(Whole.of(self.examples), self.examples)
        self.engine = ENGINES[engine]

    def run(self, plan, start=None, **options):
        """Every event of a run with the state after it."""
        network = self.network
        options = {"every_step": True, "start": start, **options}
        events = train(self.engine, network.architecture, network.params, self.data, plan, **options)
        return [(event, event.state()) for event in events]


def same_end(some, others):
    (event, state), (other, other_state) = some[-1], others[-1]
    assert bits(state.params) == bits(other_state.params)
    assert moment_bits(state) == moment_bits(other_state)
    assert state.at._replace(seconds=0) == other_state.at._replace(seconds=0)
    assert bits(event.params) == bits(other.params)


def records(events):
    return [line(event.record) for event, _ in events if isinstance(event, EpochEnd)]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_epoch_at_a_time_is_all_at_once(moon, engine, optimizer, dtype):
    job = Job(moon, engine, dtype)
    plan = PLAN._replace(epochs=4, optimizer=OPTIMIZERS[optimizer](), dropout=0.2)
    whole, parts, state = job.run(plan), [], None
    for epoch in range(4):
        parts += job.run(plan._replace(epochs=1, first_epoch=epoch), state)
        state = parts[-1][1]
        assert state.at == Position(epoch + 1)
    same_end(whole, parts)
    assert [r._replace(epoch=0) for r in records(whole)] == [r._replace(epoch=0) for r in records(parts)]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("optimizer", ["sgd", "nesterov", "adamw"])
def test_from_any_event_on(moon, engine, dropout, optimizer):
    """After every step, after the last one of an epoch, and after the epoch; the schedule goes on too."""
    job = Job(moon, engine, "float32")
    plan = PLAN._replace(optimizer=OPTIMIZERS[optimizer](), dropout=dropout, schedule=cosine(), first_epoch=7)
    whole = job.run(plan)
    for i, (_, state) in enumerate(whole):
        rest = job.run(plan, state)
        assert len(rest) == len(whole) - 1 - i
        if rest:
            same_end(whole, rest)
            assert records(whole)[len(whole[: i + 1]) // 9 :] == records(rest)


@pytest.mark.parametrize("engine", ENGINES)
def test_how_the_steps_are_split_changes_no_bit_of_the_history(moon, engine):
    job = Job(moon, engine)
    one_by_one, at_once = (job.run(PLAN, every_step=every) for every in (True, False))
    assert len(one_by_one) > len(at_once)
    same_end(one_by_one, at_once)
    assert records(one_by_one) == records(at_once)


def test_the_first_event_comes_soon(moon):
    """However few operations a step has, an engine is not left to itself for a whole long epoch."""
    job = Job(moon, "reference")
    examples = Examples(*(np.concatenate([part] * 2000) for part in job.examples))
    network, plan = job.network, PLAN._replace(batch_size=1)
    first = next(
        train(job.engine, network.architecture, network.params, TrainingData(Whole.of(examples)), plan)
    )
    assert isinstance(first, BatchEnd)
    assert FIRST_STEPS <= first.batch <= (1 + 8 + 64) * FIRST_STEPS < len(examples.X) / 2


@pytest.mark.parametrize("engine", ENGINES)
def test_a_run_of_the_other_engine_can_go_on(moon, engine):
    """Not to the same bits, but to the same numbers."""
    whole = Job(moon, engine).run(PLAN)
    other = Job(moon, next(name for name in ENGINES if name != engine))
    rest = other.run(PLAN, whole[10][1])
    for a, b in zip(whole[-1][0].params, rest[-1][0].params, strict=True):
        np.testing.assert_allclose(a.W, b.W, rtol=1e-9)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_state_stays_as_it_is(moon, engine):
    job = Job(moon, engine)
    network = job.network
    events = train(job.engine, network.architecture, network.params, job.data, PLAN, every_step=True)
    state = next(events).state()
    before = bits(state.params), moment_bits(state)
    assert len(list(events)) == 3 * 9 - 1
    assert (bits(state.params), moment_bits(state)) == before


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("every_step", [True, False])
@pytest.mark.parametrize("begun", [0, 7])
def test_an_event_keeps_its_parameters(moon, engine, every_step, begun):
    """Also those that are only looked at when training is over, and the last, which are not copied."""
    job = Job(moon, engine)
    network, plan = job.network, PLAN._replace(first_epoch=begun)
    what = job.engine, network.architecture, network.params, job.data, plan
    at_once = [bits(event.params) for event in train(*what, every_step=every_step)]
    later = [bits(event.params) for event in list(train(*what, every_step=every_step))]
    assert later == at_once
    assert len(set(map(str, at_once))) == (3 * 8 if every_step else 3)


@pytest.mark.parametrize("begun", [0, 7])
def test_only_the_last_parameters_of_all_are_not_copied(moon, begun, monkeypatch):
    job, said = Job(moon, "llvm"), []
    snapshot = LlvmTrainer.snapshot
    monkeypatch.setattr(
        LlvmTrainer, "snapshot", lambda self, last=False: said.append(last) or snapshot(self, last)
    )
    plan = PLAN._replace(first_epoch=begun)
    whole = job.run(plan)
    assert said == [False] * (3 * 8 - 1) + [True]
    for start in (whole[3][1], whole[-3][1]):
        said.clear()
        rest = job.run(plan, start)
        assert said == [False] * (sum(isinstance(event, BatchEnd) for event, _ in rest) - 1) + [True]


@pytest.mark.parametrize(
    ("width", "comes_at"), [(30, 0.2), (6000, 0.95), (20000, 1.0)], ids=["few", "many", "more"]
)
def test_the_first_event_waits_where_a_copy_takes_long(monkeypatch, width, comes_at):
    """A copy of all parameters for each event would take a good part of a short training."""
    now = 0.0
    monkeypatch.setattr(pacing.time, "perf_counter", lambda: now)
    params = Network([784, width, 10], seed=0, dtype="float32").params
    pace = pacing.Pace(False, params, 10)
    while not pace.event_is_due:
        count = pace.next(10**9, 10**9)
        now += 1e-5 * count
        pace.took(count)
    assert comes_at / 2 < now <= 1.5 * comes_at


@pytest.mark.parametrize("engine", ENGINES)
def test_a_state_asked_for_too_late_is_refused(moon, engine):
    """Its moments have moved on: parameters of one step beside moments of another would be wrong."""
    job = Job(moon, engine)
    network = job.network
    events = train(job.engine, network.architecture, network.params, job.data, PLAN, every_step=True)
    first = next(events)
    assert isinstance(first, BatchEnd)
    next(events)
    with pytest.raises(InputError, match="before training goes on"):
        first.state()


@pytest.mark.parametrize("engine", ENGINES)
def test_other_moments_are_other_bits(moon, engine):
    """The comparison can fail: without its moments a state leads elsewhere."""
    job = Job(moon, engine)
    whole = job.run(PLAN)
    _, state = whole[10]
    lost = state._replace(moments=first_moments(PLAN.optimizer, state.params))
    assert bits(job.run(PLAN, lost)[-1][1].params) != bits(whole[-1][1].params)


@pytest.mark.parametrize(
    ("optimizer", "at", "said"),
    [
        ("sgd", Position(), "moments of the run's optimiser"),
        ("adam", Position(epoch=4), "4 epochs and 0 mini-batches"),
        ("adam", Position(batch=9), "0 epochs and 9 mini-batches"),
        ("adam", Position(epoch=-1), "-1 epochs"),
    ],
)
def test_states_that_do_not_fit(moon, optimizer, at, said):
    job = Job(moon, "reference")
    params = job.network.params
    start = TrainingState(params, first_moments(OPTIMIZERS[optimizer](), params), at)
    with pytest.raises(InputError, match=said):
        job.run(PLAN, start)
