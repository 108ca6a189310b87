"""A small network that was published."""

from __future__ import annotations

import pytest

from chainrule import Network


@pytest.fixture(scope="session")
def published():
    """The 2-2-2 net of M. Mazur, "A Step by Step Backpropagation Example" (2015)."""
    return Network.from_parameters(
        [([[0.15, 0.20], [0.25, 0.30]], [0.35, 0.35]), ([[0.40, 0.45], [0.50, 0.55]], [0.60, 0.60])],
        output="quadratic",
    )
