"""A chain of another library's layers, folded into layers with activations between, and compared with it.

Each library's module says what its layers are, as pieces of a chain. Everything that is the same for all of
them stands here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, NoReturn, TypeAlias

import numpy as np

from chainrule.engines.reference import NUMPY
from chainrule.equations.activations import ACTIVATIONS, LEAK, Activation
from chainrule.equations.heads import log_softmax
from chainrule.errors import InputError
from chainrule.model.feedforward import FeedForward, Kind, in_float64
from chainrule.model.validate import Floats, as_head

GELU_TANH = "z/2*(1 + tanh(sqrt(2/pi)*(z + 0.044715*z**3)))"
"""GELU as some libraries approximate it."""

MISH = "z*tanh(softplus(z))"

ROWS = 64
"""Random rows on which outputs are compared."""


class Affine(NamedTuple):
    """z = W a + b. Shapes: W (n, n_prev), b (n,)."""

    W: Floats
    b: Floats


class Scaled(NamedTuple):
    """A line for each column, scale·z + shift: batch normalization that predicts. Shapes: (n,)."""

    scale: Any
    shift: Any


class Phi(NamedTuple):
    """An activation, by its name or formula."""

    name: str


class Slopes(NamedTuple):
    """z where z > 0, else slope·z, with a slope for each column. Shape: (n,)."""

    slope: Floats


class End(NamedTuple):
    """The output activation, or its logarithm."""

    link: str
    log: bool = False


Piece: TypeAlias = Affine | Scaled | Phi | Slopes | End

Part: TypeAlias = tuple[Any, Piece | None]
"""A layer, as its library shows it, and what it does; None where it does nothing when a network predicts."""


class Chain(NamedTuple):
    """Layers, the activations between them, and the output activation if there is one."""

    layers: list[Affine]
    hidden: list[str]
    end: End | None


class Refused(Exception):
    """A layer that stands where it cannot, and why."""


def leaky(slope: float) -> Phi:
    """The activation z where z > 0, else slope·z."""
    if slope == LEAK:
        return Phi("leaky_relu")
    return Phi(f"max(z, 0) + ({float(slope)!r})*min(z, 0)" if slope else "relu")


def leaky_slope(name: str) -> float | None:
    """The slope in a formula of `leaky`, or None where it is another."""
    found = re.fullmatch(r"max\(z, 0\) \+ \((.*)\)\*min\(z, 0\)", name)
    return float(found[1]) if found else None


def slopes(slope: Any) -> Piece:
    """The piece of a PReLU with one slope, or with one for each column."""
    values = np.asarray(slope, np.float64).ravel()
    return leaky(values.item(0)) if (values == values[0]).all() else Slopes(values)


def normalization(mean: Any, variance: Any, epsilon: float, gamma: Any = None, beta: Any = None) -> Scaled:
    """The line γ (z − mean)/√(variance + ε) + β. Shapes: (n,), γ and β None for 1 and 0."""
    scale = (1.0 if gamma is None else gamma) / np.sqrt(variance + epsilon)
    return Scaled(scale, (0.0 if beta is None else beta) - mean * scale)


def fold(parts: Iterable[Part]) -> Chain:
    """The chain of the parts. Lines go into the weights beside them, different slopes into pairs of ReLU.

    The layer behind ReLU(z) and ReLU(−z) takes the former minus slope times the latter.

    Raises:
        Refused: parts that are no chain of layers with one activation between each two.
    """
    chain, between = Chain([], [], None), list[Scaled | Slopes]()
    kept = [(part, piece) for part, piece in parts if piece is not None]
    for place, (part, piece) in enumerate(kept, 1):
        follows_layer = len(chain.layers) == len(chain.hidden) + 1
        if isinstance(piece, Affine):
            if follows_layer:
                chain.hidden.append("identity")
            chain.layers.append(_behind(between, piece))
            between = []
        elif isinstance(piece, Scaled):
            if follows_layer:
                W, b = chain.layers[-1]
                chain.layers[-1] = Affine((W.T * piece.scale).T, b * piece.scale + piece.shift)
            else:
                between.append(piece)
        elif (end := _as_end(piece, last=place == len(kept))) is not None:
            if place < len(kept) or not follows_layer:
                _refuse(part, "it must stand behind the last layer, and nothing behind it")
            return chain._replace(end=end)
        elif not follows_layer:
            _refuse(part, "it stands where a layer of weights must")
        elif isinstance(piece, Slopes):
            W, b = chain.layers[-1]
            chain.layers[-1] = Affine(np.vstack([W, -W]), np.concatenate([b, -b]))
            chain.hidden.append("relu")
            between.append(piece)
        elif isinstance(piece, Phi):
            chain.hidden.append(piece.name)
    if len(chain.layers) != len(chain.hidden) + 1:
        _refuse(kept[-1][0] if kept else None, "it stands behind the last layer of weights")
    return chain


def _as_end(piece: Piece, last: bool) -> End | None:
    """The output activation, if the piece is one; sigmoid is one at the end alone."""
    if isinstance(piece, End):
        return piece
    return End("sigmoid") if last and isinstance(piece, Phi) and piece.name == "sigmoid" else None


def _behind(between: list[Scaled | Slopes], layer: Affine) -> Affine:
    """The layer that takes what stands before the pieces."""
    W, b = layer
    for piece in reversed(between):
        if isinstance(piece, Scaled):
            W, b = W * piece.scale, b + W @ np.broadcast_to(piece.shift, W.shape[1])
        else:
            W = np.hstack([W, -W * piece.slope])
    return Affine(W, b)


def _refuse(part: Any, why: str) -> NoReturn:
    raise Refused(part, why)


class Source(NamedTuple):
    """Another library's network."""

    parts: Iterable[Part]
    """Its layers in order."""
    outputs: Callable[[Floats], Any]
    """What it answers to rows (N, n_0) of float64."""
    dtype: str
    """The name of the type that it computes in."""
    must: str
    """What such a network must be, for errors."""
    epsilon: float = 0.0
    """Its rounding error, where that is larger than the type's."""


def network_of(kind: type[Kind], source: Source, output: Any, **options: Any) -> Kind:
    """A network of that kind with the weights of another library's, and with the same outputs.

    Args:
        kind: the class.
        source: the other library's network.
        output: the output head, where that one ends with logits, or None.
        options: those of the class; ``dtype`` is the other's if it is left out.

    Raises:
        InputError: layers that are no such chain, an ``output`` that contradicts the chain's end, or outputs
            that differ on random rows.
    """
    try:
        chain = fold(source.parts)
    except Refused as error:
        part, why = error.args
        raise InputError(
            f"{source.must}; got {part!r}: {why}. Build such a chain, or pass the weights to "
            "Network.from_parameters."
        ) from None
    link = chain.end.link if chain.end else None
    if output is not None and link is not None and as_head(output).link != link:
        raise InputError(
            f"output must be {link!r}, for that is how the module ends; got {output!r}. Leave it out."
        )
    own = {"dtype": "float64" if source.dtype == "float64" else "float32", **options}
    network = kind.from_parameters(
        chain.layers, hidden=chain.hidden, output=output or link or "softmax", **own
    )
    epsilon = max(source.epsilon, EPSILONS.get(source.dtype, EPSILONS["float32"]))
    compare(network, chain.end, source.outputs, epsilon)
    return network


EPSILONS = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
"""Rounding error of a number near 1, by type."""


def compare(network: FeedForward, end: End | None, outputs: Callable[[Floats], Any], epsilon: float) -> None:
    """Compare a network's outputs with another's on random rows, small ones and large ones.

    Raises:
        InputError: they differ by more than √ε of a row's largest output. Rounding makes a few ε a layer.
    """
    exact, rows = in_float64(network), random_rows(network.layers[0])
    with np.errstate(over="ignore", invalid="ignore"):
        ours = _outputs(network, end, exact.forward(rows).z[-1])
        theirs = np.asarray(outputs(rows), np.float64)
        if theirs.shape == ours.shape:
            apart, what = _apart(ours, theirs)
        else:
            apart, what = np.inf, f"their shapes are {theirs.shape} and {ours.shape}"
    if not apart <= max(epsilon, np.finfo(network.dtype).eps) ** 0.5:
        raise InputError(
            f"the network must answer random rows as the module does; {what}. Something in the module does "
            "not show in its layers, such as a method of its own, or weights that are not finite. Make it a "
            "plain chain of layers, or pass the weights to Network.from_parameters."
        )


def _apart(ours: Floats, theirs: Floats) -> tuple[float, str]:
    """The largest difference, in parts of the row's largest output, and where it is. Shapes: (N, K)."""
    apart = np.abs(theirs - ours) / np.maximum(1.0, np.abs(theirs).max(axis=1, keepdims=True))
    row, k = map(int, np.unravel_index(np.argmax(apart), apart.shape))
    there, here = theirs[row, k], ours[row, k]
    size = f"{abs(there - here):.2g}"
    return apart[
        row, k
    ], f"they differ by {size} in row {row}, output {k}: {there:.6g} there, {here:.6g} here"


def _outputs(network: FeedForward, end: End | None, z: Floats) -> Any:
    if end is None:
        return z
    return log_softmax(NUMPY, z) if end.log else network.head.predict(NUMPY, z)


def random_rows(n: int) -> Floats:
    """Rows of normal numbers, from small to large ones. Shape: → (ROWS, n)."""
    rng = np.random.default_rng(0)
    rows: Floats = rng.normal(size=(ROWS, n)) * np.repeat([0.1, 1.0, 3.0, 10.0], ROWS // 4)[:, None]
    return rows


def formula_or_name(phi: Activation) -> str:
    """A built-in activation's name, or the formula of another; of others nothing is known."""
    formula = getattr(phi, "formula", None)
    return phi.name if ACTIVATIONS.get(phi.name) == phi else formula or ""
