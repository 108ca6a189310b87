"""Which line made a value; and the activations that are known beside the trained ones."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from chainrule.diagnosis.asking.tracing import MOST, traced
from chainrule.diagnosis.catalogue.activations import KNOWN
from chainrule.engines.reference import NUMPY


def test_every_value_has_the_line_that_made_it():
    first = test_every_value_has_the_line_that_made_it.__code__.co_firstlineno

    def code():
        a = np.arange(3.0)
        b = a + 1
        b += 1
        return [b * 2]

    before = sys.gettrace()
    steps = [(step.line - first, step.array.tolist(), step.passing) for step in traced(__file__, code)]
    assert sys.gettrace() is before
    assert steps[:3] == [(4, [0, 1, 2], False), (5, [1, 2, 3], False), (6, [2, 3, 4], False)]
    assert steps[3] == (7, [4, 6, 8], True)


def test_what_raises_and_what_never_ends_is_cut_short():
    def code():
        for k in range(10 * MOST):
            a = np.array([float(k)] * 2)
        raise ValueError(a)

    assert len(traced(__file__, code)) == MOST
    assert traced("elsewhere.py", code) == ()


@pytest.mark.parametrize("name", KNOWN)
def test_a_slope_is_that_of_its_activation(name):
    phi = KNOWN[name]
    z, h = np.array([-2.3, -0.4, 0.7, 1.9]), 1e-6
    slopes = (phi.phi(NUMPY, z + h) - phi.phi(NUMPY, z - h)) / (2 * h)
    assert np.allclose(phi.d_phi(NUMPY, z, phi.phi(NUMPY, z)), slopes, rtol=1e-7, atol=1e-9)
