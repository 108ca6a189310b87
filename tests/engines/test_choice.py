"""Which engine "auto" means for a job of a given size."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chainrule.engines.choice import engine_for

WIDTHS = st.lists(st.integers(1, 200), min_size=2, max_size=4)
COUNTS = st.integers(1, 5000)


def test_small_jobs_are_not_compiled_and_large_ones_are():
    assert engine_for("auto", [4, 100, 3], 150, 200) == "reference"
    assert engine_for("auto", [54, 100, 7], 200, 20_000) == "auto"


@given(WIDTHS, COUNTS, COUNTS)
def test_what_is_asked_for_is_taken(layers, batch_size, steps):
    for name in ("llvm", "reference"):
        assert engine_for(name, layers, batch_size, steps) == name


@given(WIDTHS, COUNTS, COUNTS)
def test_a_larger_job_is_compiled_where_a_smaller_one_is(layers, batch_size, steps):
    if engine_for("auto", layers, batch_size, steps) == "auto":
        wider = [n + 1 for n in layers]
        for larger in (
            (wider, batch_size, steps),
            (layers, batch_size + 1, steps),
            (layers, batch_size, steps + 1),
        ):
            assert engine_for("auto", *larger) == "auto"
