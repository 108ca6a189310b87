"""Learning-rate schedules at the start, on the way and at the end."""

from __future__ import annotations

import copy
import pickle
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.checks import as_one_of
from chainrule.errors import InputError
from chainrule.estimator.options import search_then_converge
from chainrule.training.schedules import SCHEDULES, Schedule, constant, cosine, exponential, step, warm_up

every_schedule = pytest.mark.parametrize("name", SCHEDULES)


@pytest.mark.parametrize(
    ("schedule", "start", "middle", "end"),
    [
        (constant(), 1, 1, 1),
        (exponential(), 1, 0.1, 0.01),
        (exponential(0.25), 1, 0.5, 0.25),
        (cosine(), 1, 0.5, 0),
        (cosine(0.2), 1, 0.6, 0.2),
        (step(0.5, parts=4), 1, 0.25, 0.0625),
    ],
)
@pytest.mark.parametrize("epochs", [1, 2, 30])
def test_start_middle_end(schedule, start, middle, end, epochs):
    shares = [schedule.share(part * epochs, epochs) for part in (0, 0.5, 1)]
    assert shares == pytest.approx([start, middle, end], abs=1e-12)


def test_step_falls_at_the_thirds():
    shares = [step().share(progress, 30) for progress in (0.5, 9.5, 10.5, 19.5, 20.5, 29.5)]
    assert shares == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])


def test_exponential_falls_by_one_factor_in_every_epoch():
    shares = [exponential().share(progress, 4) for progress in (0.5, 1.5, 2.5, 3.5)]
    ratios = [b / a for a, b in pairwise(shares)]
    assert ratios == pytest.approx([0.01**0.25] * 3)


def test_warm_up_rises_in_a_line_and_then_follows():
    warm = warm_up(constant(), 2)
    assert [warm.share(p, 10) for p in (0, 0.5, 1, 2, 9.5)] == pytest.approx([0, 0.25, 0.5, 1, 1])
    later = warm_up(cosine(), 2)
    assert [later.share(p, 10) for p in (2, 5, 10)] == [cosine().share(p, 10) for p in (2, 5, 10)]
    assert later.name == "warm-up + cosine"
    assert dict(later.options) == {"final": 0.0, "warm_up": 2}


@every_schedule
@given(epochs=st.integers(1, 100), a=st.floats(0, 1), b=st.floats(0, 1))
def test_none_ever_rises_or_leaves_0_to_1(name, epochs, a, b):
    early, late = (SCHEDULES[name]().share(part * epochs, epochs) for part in sorted((a, b)))
    assert 0 <= late <= early + 1e-12
    assert early <= 1


@every_schedule
def test_by_name(name):
    schedule = as_one_of("schedule", name, Schedule, SCHEDULES)
    assert schedule.name == name
    assert as_one_of("schedule", schedule, Schedule, SCHEDULES) is schedule
    assert type(schedule.share(0.5, 3)) is float


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: step(factor=0), "factor"),
        (lambda: step(parts=-1), "parts"),
        (lambda: exponential(0), "final"),
        (lambda: exponential(float("nan")), "final"),
        (lambda: warm_up(constant(), 0), "epochs"),
    ],
)
def test_impossible_options(make, name):
    with pytest.raises(InputError, match=f"^{name} must .*; got "):
        make()


@pytest.mark.parametrize("final", [-1.0, float("nan")])
def test_cosine_never_ends_below_0(final):
    with pytest.raises(InputError, match="final must"):
        cosine(final)


OBJECTS = {
    **{name: make() for name, make in SCHEDULES.items()},
    "with options": step(0.5, parts=4),
    "warm-up": warm_up(exponential(0.2), 2),
    "warm-up twice": warm_up(warm_up(cosine(0.1), 3), 2),
    "auto": search_then_converge(),
}


@pytest.mark.parametrize(
    "through", [lambda o: pickle.loads(pickle.dumps(o)), copy.deepcopy], ids=["pickle", "copy"]
)
@pytest.mark.parametrize("schedule", OBJECTS.values(), ids=OBJECTS)
def test_pickled_it_gives_the_same_shares(schedule, through):
    back = through(schedule)
    assert (back.name, back.options) == (schedule.name, schedule.options)
    assert [back.share(p / 2, 10) for p in range(20)] == [schedule.share(p / 2, 10) for p in range(20)]
