"""What runs the equations: `base` says what an engine is, `choice` picks one, `reference` is NumPy.

``NUMPY`` is the namespace with which the reference runs the equations: ``softmax(NUMPY, z)``.
"""

from chainrule.engines.reference import NUMPY, first_moments

__all__ = ["NUMPY", "first_moments"]
