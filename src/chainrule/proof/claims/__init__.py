"""What can be claimed of an equation, and how SymPy decides it, at given sizes and at any (`sizes`)."""

from chainrule.proof.claims import sizes
from chainrule.proof.claims.claims import Derivative, Given, Identity, Stable
from chainrule.proof.claims.symbolic import Unproven, symbols
from chainrule.proof.claims.theorem import Result, Theorem, examine

__all__ = [
    "Derivative",
    "Given",
    "Identity",
    "Result",
    "Stable",
    "Theorem",
    "Unproven",
    "examine",
    "sizes",
    "symbols",
]
