"""What people hand in, checked: samples, targets, weights and mini-batches as rows, and architectures.

Every function says what must hold, what came and what to do. Rows are counted from 0.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from chainrule.checks import as_array, as_real, as_whole
from chainrule.engines.choice import NAMES
from chainrule.equations.activations import ACTIVATIONS, Activation
from chainrule.equations.heads import HEADS, Head
from chainrule.equations.penalty import Penalty
from chainrule.errors import InputError, look_up
from chainrule.model.names import in_class_order, numbered, texts_of
from chainrule.types import ByLayer

Floats: TypeAlias = NDArray[np.floating[Any]]

SUM_TOLERANCE = 1e-5
"""How far the entries of a one-hot row may be from summing to 1 (float32 rounding)."""


def as_samples(X: Any, n_inputs: int, dtype: DTypeLike, finite: bool = True) -> Floats:
    """Samples as rows. Shapes: (N, n_0), or one sample (n_0,) or (n_0, 1) → (N, n_0).

    Without ``finite`` NaN and infinity are left for others to find.

    Raises:
        InputError: wrong width, no rows, not numbers, NaN or infinity (named by row and column).
    """
    x = as_numbers("X", X, dtype)
    if x.ndim == 1 and len(x) == n_inputs:
        x = x[None, :]
    elif x.ndim == 2 and x.shape == (n_inputs, 1) and n_inputs != 1:
        x = x.T
    if x.ndim != 2 or x.shape[1] != n_inputs:
        raise InputError(
            f"X must have {n_inputs} columns, one for each input of the network; got shape "
            f"{np.shape(X)}. Flatten pictures, put a sample in each row, or make a network for this width."
        )
    if len(x) == 0:
        raise InputError("X must hold at least one sample; got none. Check how the data were selected.")
    if finite:
        check_finite("X", x)
    return x


def as_targets(
    y: Any, n: int, n_outputs: int, head: Head, dtype: DTypeLike, classes: Sequence[str] = ()
) -> Floats:
    """Targets as rows. Shapes: class numbers or names (N,), rows (N, K), or one column (K, 1) → (N, K).

    ``classes`` are the names that the network knows.

    Raises:
        InputError: labels out of range, rows that are not one-hot (softmax) or not 0/1 (sigmoid).
    """
    raw = _labels(y, classes)
    if raw.ndim == 0:
        raw = raw[None]
    if n == 1 and n_outputs != 1 and raw.shape in ((n_outputs,), (n_outputs, 1)):
        raw = raw.reshape(1, n_outputs)
    if raw.ndim == 1 and n_outputs == 1:
        raw = raw[:, None]
    if len(raw) != n:
        raise InputError(f"X and y must have as many rows; got {n} in X and {len(raw)} in y.")
    if raw.ndim == 1 or (raw.shape == (n, 1) and n_outputs != 1):
        return _one_hot(raw.reshape(n), n_outputs, dtype)
    if raw.shape != (n, n_outputs):
        raise InputError(
            f"y must be class numbers of shape ({n},) or rows of shape ({n}, {n_outputs}); got shape "
            f"{raw.shape}. The network has {n_outputs} outputs."
        )
    rows = np.asarray(raw, dtype)
    _check_rows(rows, head)
    return rows


def as_weights(sample_weight: Any, n: int, dtype: DTypeLike) -> Floats:
    """Sample weights. Shapes: None or (N,) → (N,), not yet normalised.

    Raises:
        InputError: wrong length, negative, not finite, or all zero.
    """
    if sample_weight is None:
        return np.ones(n, dtype)
    w = as_numbers("sample_weight", sample_weight, dtype)
    if w.shape != (n,):
        raise InputError(f"sample_weight must have shape ({n},), one for each sample; got {w.shape}.")
    check_finite("sample_weight", w)
    if (w < 0).any():
        row = int(np.argmax(w < 0))
        raise InputError(f"sample weights must be 0 or more; got {w[row]} at row {row}. Correct that row.")
    if not w.any():
        raise InputError(
            "sample weights must not all be zero; they are. Leave sample_weight out to count all alike."
        )
    return w


def as_pair(mini_batch: Any) -> tuple[Any, Any]:
    """Split a mini-batch into X and y.

    A mini-batch is a pair (X, y) of arrays, or a list of (x, y) samples as textbooks write it, x and y
    column vectors (y may be a class number).
    """
    if isinstance(mini_batch, Sequence) and not isinstance(mini_batch, str):
        if len(mini_batch) == 0:
            raise InputError("a mini-batch must hold at least one sample; got none. Pass some samples.")
        if all(isinstance(sample, tuple) and len(sample) == 2 for sample in mini_batch):
            return _stack("x", [x for x, _ in mini_batch]), _stack("y", [y for _, y in mini_batch])
        if len(mini_batch) == 2:
            return mini_batch[0], mini_batch[1]
    raise InputError(
        f"a mini-batch must be a pair (X, y), or a list of (x, y) pairs; got {type(mini_batch).__name__}."
    )


def as_widths(layers: Sequence[int]) -> tuple[int, ...]:
    """The widths n_0, n_1, …, n_H of a network."""
    is_list = isinstance(layers, Sequence | np.ndarray) and not isinstance(layers, str)
    widths = tuple(layers) if is_list else ()
    whole = all(isinstance(n, int | np.integer) and not isinstance(n, bool) and n >= 1 for n in widths)
    if len(widths) < 2 or not whole:
        raise InputError(
            "layers must be two or more whole numbers from 1 up, inputs first, outputs last; "
            f"got {layers!r}. Write for example [784, 30, 10]."
        )
    return tuple(int(n) for n in widths)


def as_activations(hidden: Any, n: int) -> ByLayer[Activation]:
    """The activations of n hidden layers, from one name or formula, or a list of them."""
    if isinstance(hidden, str | Activation):
        return ByLayer([_activation(hidden)] * n)
    if not isinstance(hidden, Sequence):
        raise InputError(
            f"hidden must be a name, a formula, or a list of them; got {hidden!r}. Try 'sigmoid'."
        )
    choices = [_activation(choice) for choice in hidden]
    if len(choices) != n:
        raise InputError(
            f"hidden must name one activation, or one for each of the {n} hidden layers; got {len(choices)}."
        )
    return ByLayer(choices)


def as_head(output: str | Head) -> Head:
    """The output head, by its name or as it is."""
    return output if isinstance(output, Head) else look_up("output", output, HEADS)


def as_seed(seed: Any) -> int:
    """A seed, drawn if None."""
    if seed is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    return as_whole("seed", seed, at_least=0, remedy="Leave it out to have one drawn.")


def as_dtype(dtype: Any) -> np.dtype[Any]:
    """float64 or float32, by its name or as a type. Nothing else is left to NumPy, which parses it."""
    name = str(dtype)
    if isinstance(dtype, type | np.dtype):
        with suppress(TypeError):
            name = np.dtype(dtype).name
    return np.dtype(look_up("dtype", name, {"float64": np.float64, "float32": np.float32}))


def as_engine(engine: Any) -> str:
    """The name of an engine."""
    return look_up("engine", engine, {name: name for name in NAMES})


def as_penalty(l1: Any, l2: Any) -> Penalty:
    """The strengths of both penalties."""
    return Penalty(as_real("l1", l1, at_least=0), as_real("l2", l2, at_least=0))


def _stack(name: str, vectors: list[Any]) -> NDArray[Any]:
    flat = [np.asarray(vector).reshape(-1) for vector in vectors]
    widths = {len(vector) for vector in flat}
    if len(widths) > 1:
        raise InputError(f"every {name} of a mini-batch must have the same size; got sizes {sorted(widths)}.")
    rows = np.stack(flat)
    return rows[:, 0] if name == "y" and rows.shape[1] == 1 else rows


def as_numbers(name: str, values: Any, dtype: DTypeLike) -> Floats:
    """An array of real numbers in ``dtype``; what does not fit into it becomes infinite."""
    if hasattr(values, "X") and hasattr(values, "y"):
        raise InputError(f"{name} must be an array; got {values!r}. Pass its .X and .y.")
    try:
        raw = as_array(name, values)
        if raw.dtype.kind not in "biufO":
            raise TypeError(f"values of {raw.dtype}")
        with np.errstate(over="ignore"):
            return raw.astype(dtype, copy=False)
    except InputError:
        raise
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{name} must be an array of real numbers, every row of the same length; got "
            f"{type(values).__name__} ({error}). Encode text as numbers first."
        ) from error


def _labels(y: Any, classes: Sequence[str]) -> NDArray[Any]:
    texts = texts_of(y)
    if texts is not None:
        return numbered(texts, classes)
    try:
        raw = as_array("y", in_class_order(y, classes))
    except InputError:
        raise
    except (TypeError, ValueError):
        raw = np.asarray("rows of different lengths")
    if raw.dtype.kind == "b":
        raw = raw.astype(np.int8)
    if raw.size and raw.dtype.kind not in "iuf":
        raise InputError(
            "y must hold class numbers or names, or rows of numbers all of the same length; got "
            f"{raw.flat[0]}. Turn other things into numbers 0…K−1 first."
        )
    return raw


def check_finite(name: str, values: Floats) -> None:
    """Refuse NaN and infinity, naming the first place. Shapes: (N, n) or (n,)."""
    with np.errstate(over="ignore", invalid="ignore"):
        if (
            np.isfinite(values.sum()) or np.isfinite(values).all()
        ):  # the sum alone is quicker, and may overflow
            return
    if values.ndim == 1:
        values = values[:, None]
    row, column = (int(i) for i in np.argwhere(~np.isfinite(values))[0])
    raise InputError(
        f"{name} must be finite in {values.dtype}; got {values[row, column]} at row {row}, column {column}. "
        "Remove or fill in such values first."
    )


def check_range(name: str, values: Floats, dtype: np.dtype[Any]) -> None:
    """Refuse numbers that would be infinite in ``dtype``, naming the first. Shapes: (N, n)."""
    if values.dtype == dtype or not values.size:
        return
    largest = np.finfo(dtype).max
    if values.max() > largest or values.min() < -largest:
        row, column = (int(i) for i in np.argwhere(abs(values) > largest)[0])
        raise InputError(
            f"{name} must be finite in {dtype}; got {values[row, column]} at row {row}, column {column}. "
            "Scale such columns first, or make a network with dtype='float64'."
        )


def _one_hot(labels: NDArray[Any], n_outputs: int, dtype: DTypeLike) -> Floats:
    wrong = ~((labels >= 0) & (labels < n_outputs) & (labels == np.floor(labels)))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise InputError(
            f"labels must be 0…{n_outputs - 1} for {n_outputs} outputs; got {labels[row]} at row {row}. "
            f"Fix the row, or make a network with as many outputs as there are classes."
        )
    rows = np.zeros((len(labels), n_outputs), dtype)
    rows[np.arange(len(labels)), labels.astype(np.intp)] = 1
    return rows


def _check_rows(rows: Floats, head: Head) -> None:
    wrong = ~((rows >= 0) & (rows <= 1)).all(axis=1)
    must = f"rows of y must lie between 0 and 1 for output={head.name!r}"
    remedy = "Use one-hot rows or class numbers."
    if head.multi_label:
        remedy = "Every entry says whether that label is on, or how probable it is."
    if head.distribution and not wrong.any():
        wrong = abs(rows.sum(axis=1) - 1) > SUM_TOLERANCE
        must = "rows of y must be one-hot (sum to 1) for output='softmax'"
        remedy = "If a sample can have several labels or none, use output='sigmoid'."
    if wrong.any():
        row = int(np.argmax(wrong))
        raise InputError(f"{must}; got {rows[row].tolist()} at row {row}. {remedy}")


ELSEWHERE = {
    "swish": "silu", "logistic": "sigmoid", "linear": "identity", "none": "identity",
    "leakyrelu": "leaky_relu",
    "hardsilu": "hardswish", "hardswish": "hardswish", "silu": "silu", "relu": "relu", "gelu": "gelu",
    "mish": "z*tanh(softplus(z))", "softsign": "z/(1 + abs(z))", "hardtanh": "min(max(z, -1), 1)",
    "relu6": "min(max(z, 0), 6)", "hardsigmoid": "min(max(z/6 + 0.5, 0), 1)", "squaredrelu": "max(z, 0)**2",
    "tanhshrink": "z - tanh(z)", "logsigmoid": "-softplus(-z)",
}  # fmt: skip
"""Names that other libraries give to activations, and what they are here: a name, or a formula."""


def _activation(choice: str | Activation) -> Activation:
    if isinstance(choice, Activation):
        return choice
    if not isinstance(choice, str) or choice in ACTIVATIONS or re.fullmatch(r"[\w\s-]*", choice):
        known = ELSEWHERE.get(re.sub(r"[\s_-]", "", choice.lower()), "") if isinstance(choice, str) else ""
        if known and choice not in ACTIVATIONS:
            what = f"is called {known!r} here" if known in ACTIVATIONS else f"is the formula {known!r}"
            raise InputError(
                f"hidden must be one of {', '.join(ACTIVATIONS)}, or a formula; got {choice!r}, which {what}."
            )
        return look_up("hidden", choice, ACTIVATIONS)
    from chainrule.formulas.activation import Activation as Formula  # for own formulas alone

    return Formula.from_formula(choice)
