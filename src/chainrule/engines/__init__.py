"""What runs the equations: `base` says what an engine is, `choice` picks one, `reference` is NumPy.

``NUMPY`` is the namespace with which the reference runs the equations: ``softmax(NUMPY, z)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.about import names_of

if TYPE_CHECKING:
    from chainrule.engines.reference import NUMPY, first_moments

__all__ = ["NUMPY", "first_moments"]

__getattr__, __dir__ = names_of(__name__, dict.fromkeys(__all__, "engines.reference"))
