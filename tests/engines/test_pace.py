"""How many threads take the next steps: the fastest way is found, soon and at little cost."""

import pytest

from chainrule.engines.llvm.runtime.thread_choice import (
    AGAIN_SECONDS,
    LARGE_STEP,
    SMALL_STEP,
    SOON_AGAIN_SECONDS,
    Pace,
)
from tests.engines.compiled import name_of

START = 3e-4
"""Seconds that setting off another thread takes."""


def train(pace, clock, calls, left=1000):
    """Steps that take ``clock[threads]`` seconds each, ``left`` of them a call; what was taken."""
    taken = []
    for _ in range(calls):
        todo = left
        while todo:
            threads, count = pace.next(todo)
            assert 1 <= count <= todo
            pace.took(threads, count, count * clock[threads] + START * (threads - 1))
            taken.append((threads, count))
            todo -= count
    return taken


def steps_of(taken, threads):
    return sum(count for way, count in taken if way == threads)


def test_small_steps_and_fixed_threads_try_nothing():
    assert Pace(8, False, int(SMALL_STEP) - 1).next(1000) == (1, 1000)
    assert Pace(8, True, int(1e9)).next(1000) == (8, 1000)


@pytest.mark.parametrize("operations", [1e7, 1e9], ids=["middle", "large"])
@pytest.mark.parametrize("fastest", [1, 2, 4, 6], ids=name_of)
def test_the_fastest_way_is_found_and_taken(fastest, operations):
    pace, clock = Pace(6, False, int(operations)), dict.fromkeys((1, 2, 4, 6), 0.002) | {fastest: 0.001}
    found = train(pace, clock, 10 if operations > LARGE_STEP else 1)
    assert {way for way, _ in found} == {1, 2, 4, 6}
    then = train(pace, clock, 40)
    assert steps_of(then, fastest) > 0.99 * 40_000


def test_a_way_that_turns_slow_is_left():
    """Another program takes the second processor; later it goes away again."""
    pace, clock = Pace(2, False, int(1e9)), {1: 0.002, 2: 0.001}
    history = []
    for phase in (0.001, 0.1, 0.001):
        clock[2] = phase
        taken = train(pace, clock, 100)
        history.append(max({1, 2}, key=[way for way, _ in taken[len(taken) // 2 :]].count))
    assert history == [2, 1, 2]


def test_nothing_is_tried_where_few_steps_are_left():
    """Setting off a thread would take longer than the steps."""
    pace = Pace(2, False, int(1e7))
    for _ in range(50):
        threads, count = pace.next(1)
        assert (threads, count) == (1, 1)
        pace.took(threads, count, 0.0001)


def test_a_few_steps_do_not_decide():
    """Behind a trial a few steps may be left, which take as long as setting off the thread for them."""
    pace, clock = Pace(2, False, int(1e7)), {1: 40e-6, 2: 24e-6}
    train(pace, clock, 1)
    assert pace.best == 2
    train(pace, clock, 1, left=2)
    assert pace.best == 2


def test_first_steps_are_not_the_last_word():
    """With cold caches one thread seems as slow as two are, whose processors are far apart."""
    pace = Pace(2, False, int(1e7))
    for seconds in (60e-6, 26e-6):
        threads, count = pace.next(1000)
        assert threads == 1
        pace.took(threads, count, count * seconds)
    train(pace, {1: 16e-6, 2: 24e-6}, 1)
    assert pace.best == 1


def test_a_hopeless_way_costs_little():
    """Where another program has the other processor, threads that meet may be a hundred times as slow."""
    pace, clock = Pace(2, False, int(1e7)), {1: 40e-6, 2: 4000e-6}
    taken = train(pace, clock, 1)
    assert 0 < steps_of(taken, 2) <= 13
    assert pace.best == 1


def test_bad_luck_is_soon_forgotten():
    """The other processor was busy for some milliseconds, just when it was tried."""
    pace, clock = Pace(2, False, int(1e7)), {1: 40e-6, 2: 4000e-6}
    train(pace, clock, 1)
    clock[2] = 24e-6
    taken = train(pace, clock, 3)
    assert pace.best == 2
    assert 40e-6 * steps_of(taken, 1) < 1.5 * SOON_AGAIN_SECONDS


def test_trials_of_more_threads_become_rare():
    pace, clock = Pace(2, False, int(1e7)), {1: 40e-6, 2: 60e-6}
    early, late = (train(pace, clock, calls) for calls in (100, 1000))
    assert steps_of(early, 2) * 60e-6 < 0.02 * 100 * 1000 * 40e-6
    assert 0 < steps_of(late, 2) * 60e-6 < 0.005 * 1000 * 1000 * 40e-6


def test_a_large_step_is_not_taken_by_fewer_threads_at_once():
    """One such step would take a good part of a short training."""
    pace, clock = Pace(2, False, int(9e9)), {1: 0.08, 2: 0.04}
    taken = train(pace, clock, 1, left=24)
    assert {way for way, _ in taken} == {2}
    later = train(pace, clock, 2, left=int(AGAIN_SECONDS / clock[2]))
    assert 1 <= steps_of(later, 1) <= 2


def test_a_step_that_turns_slow_is_noticed_in_calls_of_one_step():
    """As with a callback after every step, or one mini-batch an epoch."""
    pace, clock = Pace(8, False, int(2e8)), {8: 0.001, 4: 0.002, 2: 0.003, 1: 0.005}
    train(pace, clock, 100, left=1)
    assert pace.best == 8
    clock[8] = 0.1
    train(pace, clock, 300, left=1)
    assert pace.best < 8


@pytest.mark.parametrize("threads", [4, 8, 16, 32])
def test_many_threads_are_not_thrown_out_by_a_glimpse(threads):
    """Setting them off takes longer than the steps of a glimpse would."""
    pace = Pace(threads, False, int(1e7))
    clock = {way: 40e-6 / way**0.5 for way in pace.ways}
    train(pace, clock, 20, left=5000)
    assert pace.best == threads


def test_bad_luck_is_forgotten_each_time():
    pace, clock = Pace(2, False, int(1e7)), {1: 40e-6, 2: 24e-6}
    for _ in range(4):
        clock[2] = 4000e-6
        train(pace, clock, 2)
        assert pace.best == 1
        clock[2] = 24e-6
        train(pace, clock, 5)
        assert pace.best == 2


def test_steps_by_fewer_threads_take_a_small_share():
    pace = Pace(16, False, int(1e10))
    clock = {way: 0.64 / way for way in pace.ways}
    taken = train(pace, clock, 200, left=50)
    slower, all_ = (sum(count * clock[way] for way, count in taken if way < most) for most in (16, 17))
    assert slower < 0.1 * all_


def test_a_large_step_begins_with_all_threads():
    assert Pace(4, False, int(1e9)).next(100) == (4, 1)
    assert Pace(4, False, int(1e7)).next(100)[0] == 1
