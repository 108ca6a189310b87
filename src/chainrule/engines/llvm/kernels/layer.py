"""What training and prediction share: finding a layer's places, and the activations."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from chainrule.engines.llvm.kernels.layout import LayerPlace
from chainrule.engines.llvm.kernels.tiles import vectors_of
from chainrule.engines.llvm.writer.code import Code, Function, Unit
from chainrule.engines.llvm.writer.values import Array, Int, Vector
from chainrule.engines.llvm.writer.vector_functions import VECTORS
from chainrule.equations.activations import Activation


class Fields:
    """The integers that a call hands over, by their names; read once, at the start."""

    def __init__(self, code: Code, address: Int, names: Sequence[str]) -> None:
        place = code.ints(address)
        self._values = {name: (place + i).whole() for i, name in enumerate(names)}

    def __getattr__(self, name: str) -> Int:
        return self._values[name]


class Layer:
    """Layer L's line of the table, with the places it leads to."""

    def __init__(self, code: Code, frame: Fields, L: Int) -> None:
        self._code = code
        self._frame = frame
        line = code.ints(frame.layers) + L * len(LayerPlace._fields)
        self._place = LayerPlace(*(line + i for i in range(len(LayerPlace._fields))))  # type: ignore[arg-type]

    def _int(self, field: Any) -> Int:
        place: Array = field
        return place.whole()

    @property
    def inputs(self) -> Int:
        """n_{L−1}."""
        return self._int(self._place.inputs)

    @property
    def outputs(self) -> Int:
        """n_L."""
        return self._int(self._place.outputs)

    @property
    def stride(self) -> Int:
        """From one row of activations, slopes or deltas to the next."""
        return self._int(self._place.stride)

    @property
    def block(self) -> Int:
        """From one panel of activations, slopes or deltas to the next."""
        return self._int(self._place.block)

    @property
    def function(self) -> Int:
        """Which activation."""
        return self._int(self._place.function)

    @property
    def panels(self) -> Int:
        """How many panels the weights have."""
        panel = self._code.shape.panel
        return (self._int(self._place.outputs_padded) + (panel - 1)) // panel

    def vectors(self, p: Int) -> Int:
        """The width of panel p, in vectors: 2, or 1 for a narrow last one."""
        return vectors_of(self._code, self.outputs_padded, p)

    @property
    def weights_offset(self) -> Int:
        """Where the panels of the weights start among the parameters."""
        return self._int(self._place.weights)

    @property
    def weights(self) -> Array:
        """(W^L)ᵀ, in panels."""
        return self._code.numbers(self._frame.theta) + self.weights_offset

    @property
    def bias_offset(self) -> Int:
        """Where b^L starts among the parameters."""
        return self._int(self._place.bias)

    @property
    def bias(self) -> Array:
        """b^L."""
        return self._code.numbers(self._frame.theta) + self.bias_offset

    @property
    def inputs_padded(self) -> Int:
        """n_{L−1}, filled up to whole vectors."""
        return self._int(self._place.inputs_padded)

    @property
    def outputs_padded(self) -> Int:
        """n_L, filled up to whole vectors."""
        return self._int(self._place.outputs_padded)

    def _rows(self, offset: Any, p: Int | int) -> Array:
        return self._code.numbers(self._frame.rows) + self._int(offset) + self.block * p

    def activations(self, p: Int | int = 0) -> Array:
        """Panel p of z^L, then of a^L."""
        return self._rows(self._place.activations, p)

    def slopes(self, p: Int | int = 0) -> Array:
        """Panel p of φ'(z^L)."""
        return self._rows(self._place.slopes, p)

    def deltas(self, p: Int | int = 0) -> Array:
        """Panel p of δ^L, of a hidden layer."""
        return self._rows(self._place.deltas, p)

    def mask(self, p: Int) -> Int:
        """Where panel p of this layer's dropout mask starts among the masks of a step."""
        return self._int(self._place.mask) + self.block * p


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
