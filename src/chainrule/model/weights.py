"""What classes, labels and samples count, as people hand it in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from chainrule.equations.heads import Head, PosWeighted, pos_weighted
from chainrule.errors import InputError
from chainrule.model.validate import Floats, as_numbers

LARGEST = float(np.finfo(np.float64).max)


def as_class_weights(
    class_weight: Any, classes: Sequence[Any], counts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """What each class counts. Shapes: classes (K,), their samples ``counts`` (K,) → (K,).

    A class that a dict leaves out counts 1. "balanced" gives every class that occurs the same share of the
    whole: class k counts n / (K n_k).

    Raises:
        InputError: no such class, or a weight that is not a finite number of 0 or more.
    """
    if class_weight is None:
        return np.ones(len(classes))
    if isinstance(class_weight, str) and class_weight == "balanced":
        share = counts.sum() / np.count_nonzero(counts)
        return np.asarray(share / np.maximum(counts, 1.0))
    if not isinstance(class_weight, Mapping):
        raise InputError(
            f"class_weight must be a dict from classes to weights, 'balanced' or None; got {class_weight!r}. "
            f"Write {{{classes[0]!r}: 2.0}}, say."
        )
    place = {name: k for k, name in enumerate(classes)}
    strange = [name for name in class_weight if name not in place]
    if strange:
        raise InputError(
            f"class_weight must name classes of y, {_listed(classes)}; got {strange!r}. "
            "Leave out what does not occur."
        )
    weights = np.ones(len(classes))
    for name, weight in class_weight.items():
        if not _is_weight(weight):
            raise InputError(
                f"class_weight must be a finite number of 0 or more for every class; got {weight!r} for "
                f"class {name!r}. Write how much a sample of that class counts."
            )
        weights[place[name]] = weight
    return weights


def by_name(class_weight: Any) -> Any:
    """Class weights by the names of classes, which are texts.

    Raises:
        InputError: two keys that are one name, such as 1 and "1".
    """
    if not isinstance(class_weight, Mapping):
        return class_weight
    named = {str(key): weight for key, weight in class_weight.items()}
    if len(named) < len(class_weight):
        raise InputError(
            f"class_weight must name each class once; got {list(class_weight)!r}. Leave out one of them."
        )
    return named


def relative(weight: Floats) -> Floats:
    """Weights over their mean, which is then 1."""
    with np.errstate(over="ignore"):
        mean = weight.mean()
    if not np.isfinite(mean):  # their sum overflows
        weight = weight / weight.max()
        mean = weight.mean()
    return np.asarray(weight / mean)


def as_pos_weighted(pos_weight: Any, dtype: DTypeLike, n_labels: int | None = None) -> PosWeighted:
    """The sigmoid head where a label that is on counts ``pos_weight`` times (a number, or one a label).

    Raises:
        InputError: not one number or one for each of ``n_labels``, or one that is not finite and above 0.
    """
    p = as_numbers("pos_weight", pos_weight, dtype)
    if p.ndim > 1 or (p.ndim and n_labels not in (None, len(p))):
        of_each = "label" if n_labels is None else f"of {n_labels} labels"
        got = len(p) if p.ndim == 1 else f"shape {p.shape}"
        raise InputError(
            f"pos_weight must be one number, or one for each {of_each}; got {got}. "
            "Put them in the order of y's columns."
        )
    wrong = ~(np.isfinite(p) & (p > 0))
    if wrong.any():
        place = f" for label {int(wrong.argmax())}" if p.ndim else ""
        value = np.asarray(pos_weight, object)[int(wrong.argmax())] if p.ndim else pos_weight
        raise InputError(
            f"pos_weight must be above 0 and finite, one number or one for each label; got {value!r}{place}. "
            "Try the labels that are off over those that are on."
        )
    return pos_weighted(p if p.ndim else float(p))


def check_takes_pos_weight(head: Head) -> None:
    """Refuse a ``pos_weight`` where labels exclude each other, or where the loss is one of the user's own.

    Raises:
        InputError: as it says.
    """
    if not head.multi_label:
        raise InputError(
            f"pos_weight must be left out where a sample has one class; the output is {head.name!r}. "
            "Use class_weight instead."
        )
    if head.name != "sigmoid" and not isinstance(head, PosWeighted):
        raise InputError(
            f"pos_weight must stand beside output='sigmoid'; got {head.name!r}. "
            "Write the weight into the loss."
        )


def _is_weight(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and bool(0 <= value <= LARGEST)  # type: ignore[operator]


def _listed(names: Sequence[Any], most: int = 12) -> str:
    more = f", … {len(names)} in all" if len(names) > most else ""
    return f"[{', '.join(map(repr, names[:most]))}{more}]"
