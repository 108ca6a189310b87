"""The derivation of one network, printed from the functions that train it."""

from chainrule.derivation.document.derivation import Derivation

__all__ = ["Derivation"]
