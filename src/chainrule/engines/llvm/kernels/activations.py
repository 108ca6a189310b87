"""Activations over a panel: φ and φ' on the way forward, and the product with φ' on the way back."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from chainrule.engines.llvm.writer.code import Code, Function, Unit
from chainrule.engines.llvm.writer.values import Int, Vector
from chainrule.engines.llvm.writer.vector_functions import VECTORS
from chainrule.equations.activations import Activation


def activate(unit: Unit, activations: Sequence[Activation], slopes: bool, dropout: bool = False) -> Function:
    """A = φ(z) over a panel's columns (Eq. F2), in z's place; with ``slopes`` φ'(z) beside it.

    Under dropout both are multiplied by the mask r: a^L ⊙ r^L, and by D1 so is the gradient on its way back.
    """

    @unit.function("activate", ("function", "rows", "vectors", "z", "slope", "mask", "stride"))
    def activate(
        code: Code, function: Int, rows: Int, vectors: Int, z: Int, slope: Int, mask: Int, stride: Int
    ) -> None:
        def apply(activation: Activation) -> None:
            with code.loop(0, rows) as i, code.loop(0, vectors) as v:
                at = i * stride + v * code.lanes
                place = code.numbers(z) + at
                value = place.vector()
                a = Vector.of(code, activation.phi(VECTORS, value))
                factor = (code.numbers(mask) + at).vector() if dropout else None
                if slopes:
                    s = Vector.of(code, activation.d_phi(VECTORS, value, a))
                    (code.numbers(slope) + at).put(s if factor is None else s * factor)
                place.put(a if factor is None else a * factor)

        code.choose(function, {i: partial(apply, phi) for i, phi in enumerate(activations)})

    return activate


def multiply(unit: Unit) -> Function:
    """δ ← δ ⊙ s for a panel's columns: the product of Eq. B2 with the slopes φ'(z)."""

    @unit.function("multiply", ("count", "vectors", "delta", "slope", "stride"))
    def multiply(code: Code, count: Int, vectors: Int, delta: Int, slope: Int, stride: Int) -> None:
        with code.loop(0, count) as i, code.loop(0, vectors) as v:
            at = i * stride + v * code.lanes
            place = code.numbers(delta) + at
            place.put(place.vector() * (code.numbers(slope) + at).vector())

    return multiply
