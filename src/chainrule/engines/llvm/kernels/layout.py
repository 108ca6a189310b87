"""Where everything lies in memory: panels of weights, rows of activations, and the tables that lead there.

The weights of layer L are kept as (W^L)ᵀ, a row for each input, cut into panels of two vectors' width (the
last one may have one vector). Behind them lies the bias. Activations and deltas of a mini-batch are cut into
panels of the same width: a product that reads some columns of all rows finds them side by side, on few pages
of memory. The output layer's rows stay whole, for its head reads them one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.llvm.machine.caches import SAMPLES_AT_A_TIME, room_of_panel, spread_rows
from chainrule.engines.llvm.machine.processor import Shape
from chainrule.types import ByLayer, Layer, Params

Numbers: TypeAlias = NDArray[np.floating[Any]]
Integers: TypeAlias = NDArray[np.int64]

ALIGNMENT = 64
GUARD = 64
"""Numbers before and behind every block of memory; nothing may touch them."""


class LayerPlace(NamedTuple):
    """One layer's line in the table that generated code reads; offsets count numbers.

    ``inputs`` are n_{L−1} and ``outputs`` n_L, ``…_padded`` when filled up to whole vectors. Among the
    parameters (W^L)ᵀ begins at ``weights`` and b^L at ``bias``; among the rows z^L, then a^L, at
    ``activations``, φ'(z^L) at ``slopes``, δ^L at ``deltas``; the dropout mask at ``mask`` among those of a
    step. From one row to the next it is ``stride``, from one panel to the next ``block``. ``function`` says
    which of the network's activations the layer has.
    """

    inputs: int
    outputs: int
    inputs_padded: int
    outputs_padded: int
    weights: int
    bias: int
    activations: int
    slopes: int
    deltas: int
    mask: int
    stride: int
    block: int
    function: int


class Plan(NamedTuple):
    """Sizes of all blocks, and each layer's place in them. Layer 0 is the input: its line holds 0s."""

    shape: Shape
    layers: tuple[LayerPlace, ...]
    n_theta: int
    n_rows: int
    n_masks: int
    n_gathered: int
    batch: int
    spread: int
    """Rows' room in a panel."""

    @property
    def table(self) -> Integers:
        """The lines of all layers, as generated code reads them."""
        return np.array(self.layers, np.int64)


def plan(
    shape: Shape, widths: Sequence[int], batch: int, functions: Sequence[int], cast: bool = False
) -> Plan:
    """Lay out a network for mini-batches of up to ``batch`` rows, which may have to be cast."""
    theta = rows = masks = 0
    spread = spread_rows(shape, batch)
    places = [LayerPlace(*(0,) * len(LayerPlace._fields))]
    for n_in, n_out, function in zip(widths[:-1], widths[1:], functions, strict=True):
        wide_in, wide_out = padded(shape, n_in), padded(shape, n_out)
        at_output = len(places) == len(widths) - 1
        stride = wide_out if at_output else shape.panel
        size = padded(shape, batch) * stride if at_output else spread * stride * -(-wide_out // shape.panel)
        kept = 0 if at_output else size  # δ^H takes the place of the logits, and needs no slopes
        place = LayerPlace(
            n_in, n_out, wide_in, wide_out,
            weights=theta, bias=theta + wide_in * wide_out,
            activations=rows, slopes=rows + kept, deltas=rows + 2 * kept, mask=masks,
            stride=stride, block=shape.panel if at_output else spread * stride, function=function,
        )  # fmt: skip
        places.append(place)
        theta = place.bias + wide_out
        rows += size + 2 * kept
        masks += kept
    gathered = spread * padded(shape, widths[0], shape.panel) if cast or is_gathered(widths, batch) else 0
    return Plan(shape, tuple(places), theta, rows, masks, gathered, batch, spread)


def rooms(plan: Plan, threads: int) -> int:
    """How many parts of panels each thread keeps: of its share of a layer, and of all outputs.

    Where a gradient is summed up in one go, one: the part of the weights that B2 turns.
    """
    if plan.batch <= SAMPLES_AT_A_TIME:
        return 1
    *hidden, outputs = (-(-place.outputs_padded // plan.shape.panel) for place in plan.layers[1:])
    return max(outputs, *(-(-n // threads) for n in hidden), 1)


def n_partial(plan: Plan, threads: int) -> int:
    """Numbers of memory for parts of panels, of up to that many threads."""
    return max(n * rooms(plan, n) for n in range(1, threads + 1)) * room_of_panel(plan.shape)


FEWEST = 48
"""Rows of a mini-batch, and outputs of the first layer, from which on the rows are worth copying together."""


def is_gathered(widths: Sequence[int], batch: int) -> bool:
    """Whether the mini-batch's rows of X are copied into panels, or read where they lie."""
    return batch >= FEWEST and widths[1] >= FEWEST


def padded(shape: Shape, n: int, unit: int = 0) -> int:
    """The number n, rounded up to whole vectors, or to a multiple of ``unit``."""
    unit = unit or shape.lanes
    return -(-n // unit) * unit


class Block:
    """Aligned memory between two guards, filled with 0."""

    def __init__(self, n: int, dtype: Any) -> None:
        dtype = np.dtype(dtype)
        self._whole = np.zeros((n + 2 * GUARD) * dtype.itemsize + ALIGNMENT, np.uint8)
        start = -self._whole.ctypes.data % ALIGNMENT
        self._guarded = self._whole[start : start + (n + 2 * GUARD) * dtype.itemsize].view(dtype)
        self.numbers: NDArray[Any] = self._guarded[GUARD : GUARD + n]
        self.address: int = self.numbers.ctypes.data

    @property
    def guards(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """The memory on both sides, which nothing may touch."""
        return self._guarded[:GUARD], self._guarded[GUARD + len(self.numbers) :]


def panels(shape: Shape, theta: NDArray[Any], place: LayerPlace) -> Iterator[tuple[int, NDArray[Any]]]:
    """Each panel of a layer's weights: its first column, and a view (inputs, columns)."""
    for column in range(0, place.outputs_padded, shape.panel):
        width = min(shape.panel, place.outputs_padded - column)
        start = place.weights + column * place.inputs_padded
        block = theta[start : start + place.inputs_padded * width].reshape(place.inputs_padded, width)
        yield column, block[: place.inputs]


def pack(plan: Plan, theta: NDArray[Any], values: Iterable[Layer]) -> None:
    """Put parameters, or a moment of each, into their places."""
    for place, layer in zip(plan.layers[1:], values, strict=True):
        for column, panel in panels(plan.shape, theta, place):
            part = layer.W[column : column + plan.shape.panel].T
            panel[:, : part.shape[1]] = part
        theta[place.bias : place.bias + place.outputs] = layer.b


def unpack(plan: Plan, theta: NDArray[Any]) -> Params:
    """Copies of the parameters, in the shapes of the text."""
    return ByLayer(_unpack_layer(plan, theta, place) for place in plan.layers[1:])


def _unpack_layer(plan: Plan, theta: NDArray[Any], place: LayerPlace) -> Layer:
    W = np.empty((place.outputs, place.inputs), theta.dtype)
    for column, panel in panels(plan.shape, theta, place):
        columns = min(plan.shape.panel, place.outputs - column)
        if columns > 0:
            W[column : column + columns] = panel[:, :columns].T
    return Layer(W, theta[place.bias : place.bias + place.outputs].copy())


class Frame:
    """The numbers that a call hands to generated code: names, each in its place of one array of integers."""

    def __init__(self, names: Sequence[str], values: Mapping[str, int]) -> None:
        self.values = np.zeros(len(names), np.int64)
        self._index = {name: i for i, name in enumerate(names)}
        for name, value in values.items():
            self[name] = value

    def __setitem__(self, name: str, value: int) -> None:
        self.values[self._index[name]] = value

    @property
    def address(self) -> int:
        """Where they stand."""
        address: int = self.values.ctypes.data
        return address
