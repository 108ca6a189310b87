"""How generated code finds what a call hands over: its integers by name, and a layer's places in memory."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.engines.llvm.kernels.layout import LayerPlace
from chainrule.engines.llvm.kernels.tiles import ceil, vectors_of
from chainrule.engines.llvm.writer.code import Code
from chainrule.engines.llvm.writer.values import Array, Int


class Fields:
    """The integers that a call hands over, by their names; read once, at the start."""

    def __init__(self, code: Code, address: Int, names: Sequence[str]) -> None:
        place = code.ints(address)
        self._values = {name: (place + i).whole() for i, name in enumerate(names)}

    def __getattr__(self, name: str) -> Int:
        return self._values[name]


class Layer:
    """Layer L's line of the table, and the places it leads to.

    The sizes and distances of `LayerPlace` are attributes: ``inputs``, ``outputs``, ``stride``, ``block``, ….
    """

    def __init__(self, code: Code, frame: Fields, L: Int) -> None:
        self._code = code
        self._frame = frame
        line = code.ints(frame.layers) + L * len(LayerPlace._fields)
        self._line = {name: line + i for i, name in enumerate(LayerPlace._fields)}

    def __getattr__(self, name: str) -> Int:
        if name not in LayerPlace._fields:
            raise AttributeError(f"a layer has no {name}, but {', '.join(LayerPlace._fields)}")
        return self._line[name].whole()

    @property
    def panels(self) -> Int:
        """How many panels the weights have."""
        return ceil(self.outputs_padded, self._code.shape.panel)

    def vectors(self, p: Int) -> Int:
        """The width of panel p, in vectors: 2, or 1 for a narrow last one."""
        return vectors_of(self._code, self.outputs_padded, p)

    @property
    def weights_offset(self) -> Int:
        """Where the panels of the weights start among the parameters."""
        return self._line["weights"].whole()

    @property
    def weights(self) -> Array:
        """(W^L)ᵀ, in panels."""
        return self._code.numbers(self._frame.theta) + self.weights_offset

    @property
    def bias_offset(self) -> Int:
        """Where b^L starts among the parameters."""
        return self._line["bias"].whole()

    @property
    def bias(self) -> Array:
        """b^L."""
        return self._code.numbers(self._frame.theta) + self.bias_offset

    def _rows(self, name: str, p: Int | int) -> Array:
        return self._code.numbers(self._frame.rows) + self._line[name].whole() + self.block * p

    def activations(self, p: Int | int = 0) -> Array:
        """Panel p of z^L, then of a^L."""
        return self._rows("activations", p)

    def slopes(self, p: Int | int = 0) -> Array:
        """Panel p of φ'(z^L)."""
        return self._rows("slopes", p)

    def deltas(self, p: Int | int = 0) -> Array:
        """Panel p of δ^L, of a hidden layer."""
        return self._rows("deltas", p)

    def mask(self, p: Int) -> Int:
        """Where panel p of this layer's dropout mask starts among the masks of a step."""
        return self._line["mask"].whole() + self.block * p
