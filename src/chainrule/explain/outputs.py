"""The output layer in words: its outputs, its loss and its error, by the formulas that its head owns."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from chainrule.engines.reference import NUMPY
from chainrule.explain.blocks import Block, Equation, Line, Table, added, factor, named, number
from chainrule.explain.formulas import in_layer, in_numbers, is_computable, steps
from chainrule.explain.numbers import Numbers
from chainrule.explain.sums import neurons
from chainrule.model.validate import Floats
from chainrule.types import Namespace

SHORT = 40
"""Characters of a formula that stands in the line of every output; a longer one stands once, above them."""
LISTED = 6
"""Terms of a loss that are listed one by one."""


def outputs(e: Numbers) -> list[Block]:
    """From z^H to a^H and the loss J."""
    table = _softmax if e.net.head.link == "softmax" else _alone
    return [*table(e), *_remark(e), *_loss(e)]


def _softmax(e: Numbers) -> list[Block]:
    H, z, formula = e.H, e.z[e.H], e.net.head.printed.a
    powers, total, shift = _softmax_parts(e)
    moved = f" − {factor(shift)}" if shift else ""
    whole = in_layer(formula.text.replace("z_m", f"z_m{moved}").replace("z_k", f"z_k{moved}"), H)
    up = f"e^{{z^{H}_m{moved}}}"
    why = f"{number(shift)} is the largest z^{H}_m. Subtracted, it cancels, and no exponential overflows."
    columns = {f"z^{H}_m": z, up: powers, f"a^{H}_m": e.a[H], "y_m": e.y}
    return [
        Equation(formula.tag, f"a^{H}_m", (whole, f"{up} / {number(total)}")),
        *([Line(why, "dim")] if shift else []),
        _table(e, columns),
    ]


def _alone(e: Numbers) -> list[Block]:
    """Outputs that each depend on their own z alone."""
    H, printed = e.H, e.net.head.printed
    name = f"J_m ({printed.J.tag})" if printed.J.tag else "J_m"
    columns = {f"z^{H}_m": e.z[H], f"a^{H}_m": e.a[H], "y_m": e.y}
    table = _table(e, {**columns, name: shares(e)} if printed.J.steps else columns)
    lines = [Equation(printed.a.tag, f"a^{H}_m", steps(printed.a, H))] if printed.a.steps else []
    return [*lines, table]


def _table(e: Numbers, columns: dict[str, Floats]) -> Table:
    tag = e.net.head.printed.a.tag
    rows = (
        (tag, named(m, e.classes), *(number(values[m]) for values in columns.values()))
        for m in neurons(e.delta[e.H])
    )
    return Table(("", "m", *columns), tuple(rows), words=(0, 1), fixed=2)


def _remark(e: Numbers) -> list[Block]:
    """Whose formulas they are, where the derivation has none for them."""
    head = e.net.head
    if head.printed.J.tag:
        return []
    whose = "Your loss" if getattr(head, "formulas", None) else f"The {head.loss_name}"
    return [
        Line(f"{whose}: J and δ by formulas of this head's own, which have no tag in the derivation.", "dim")
    ]


def _namespace(**changed: Any) -> Namespace:
    """NumPy as the interpreter of the equations, with some functions changed."""
    return cast(Namespace, SimpleNamespace(**{**vars(NUMPY), **changed}))


def _softmax_parts(e: Numbers) -> tuple[Floats, float, float]:
    """What the head itself computes on its way: every e^{z − c}, their sum, and the shift c = max z."""
    seen: dict[str, Any] = {}

    def recorder(name: str) -> Any:
        def record(*args: Any, **options: Any) -> Any:
            seen[name] = getattr(NUMPY, name)(*args, **options)
            return seen[name]

        return record

    watched = {name: recorder(name) for name in ("exp", "sum", "max")}
    e.net.head.predict(_namespace(**watched), e.z[e.H][None])
    return seen["exp"][0], float(seen["sum"][0, 0]), float(seen["max"][0, 0])


def shares(e: Numbers) -> Floats:
    """What each output adds to the loss: the head's own loss, with its sum over outputs left out."""

    def left_out(values: Any, axis: int, keepdims: bool = False) -> Any:
        return np.sum(values, axis=axis, keepdims=True) if keepdims else values

    found: Any = e.net.head.loss(_namespace(sum=left_out), e.z[e.H][None], e.y[None])
    share: Floats = found[0]
    return share


def slopes(e: Numbers) -> Floats:
    """∂ℓ_m/∂log a_m of each output: what a head of one's own with softmax sums up in its δ."""
    seen: list[Any] = []

    def recorded(values: Any, axis: int, keepdims: bool = False) -> Any:
        seen.append(values)
        return np.sum(values, axis=axis, keepdims=keepdims)

    e.net.head.delta(_namespace(sum=recorded), e.z[e.H][None], e.a[e.H][None], e.y[None])
    slope: Floats = seen[-1][0]
    return slope


def _values(e: Numbers, m: int) -> dict[str, float]:
    H = e.H
    known = {"z_m": e.z[H][m], "a_m": e.a[H][m], "y_m": e.y[m]}
    return {**known, **e.net.head.constants(m)}


def _loss(e: Numbers) -> list[Block]:
    """J in symbols, and in numbers where few outputs add to it."""
    formula, J = e.net.head.printed.J, number(e.loss, 6)
    if not formula.steps:
        return [Equation("", "J", (J,))]
    symbols, share = in_layer(formula.text, e.H), shares(e)
    on = [int(m) for m in np.flatnonzero(share)]
    if len(on) > LISTED:
        return [Equation(formula.tag, "J", (symbols, J))]
    if not all(is_computable(formula.each, _values(e, m)) for m in on):
        return [Equation(formula.tag, "J", (f"{symbols}, from the logits z^{e.H}", J))]
    each = [in_numbers(formula.each, _values(e, m)) for m in on]
    if len(on) < 2:
        return [Equation(formula.tag, "J", (symbols, *each, J))]
    lines = [
        Equation(formula.tag, f"J_{m}", (text, number(share[m]))) for m, text in zip(on, each, strict=True)
    ]
    return [*lines, Equation(formula.tag, "J", (symbols, added(number(share[m]) for m in on), J))]


def output_errors(e: Numbers, shown: tuple[int, ...]) -> list[Block]:
    """δ^H_m of some outputs; a long formula first in symbols."""
    formula = e.net.head.printed.delta
    whole = formula.steps and _is_long(e)
    start = [Equation(formula.tag, f"δ^{e.H}_m", steps(formula, e.H))] if whole else []
    return [*start, *slope_equations(e, shown), *(output_error(e, m) for m in shown)]


def _is_long(e: Numbers) -> bool:
    return len(e.net.head.printed.delta.text) > SHORT


def slope_equations(e: Numbers, shown: tuple[int, ...]) -> list[Block]:
    """ℓ'_m = ∂ℓ_m/∂log a_m where δ is made of it, and their sum."""
    formula, H = e.net.head.printed.slope, e.H
    if not formula.steps:
        return []
    found = slopes(e)
    lines: list[Block] = [Equation("", "ℓ'_m", (f"∂ℓ_m/∂log a^{H}_m", *steps(formula, H)))]
    for m in shown:
        values = _values(e, m)
        put_in = (in_numbers(formula.text, values),) if is_computable(formula.text, values) else ()
        lines.append(Equation("", f"ℓ'_{m}", (*put_in, number(found[m]))))
    terms = (added(number(v) for v in found),) if 1 < len(found) <= LISTED else ()
    return [*lines, Equation("", "Σ_k ℓ'_k", (*terms, number(found.sum())))]


def output_error(
    e: Numbers, m: int, digits: int = 5, first: tuple[str, ...] = (), *, whole: bool = False
) -> Equation:
    """δ^H_m in numbers, and in symbols where they are short or the ``whole`` is asked for."""
    formula, values = e.net.head.printed.delta, _values(e, m)
    if e.net.head.printed.slope.steps:
        found = slopes(e)
        values |= {"ℓ'_m": found[m], "Σ_k ℓ'_k": found.sum()}
    symbols = steps(formula, e.H, m) if whole or not _is_long(e) else ()
    known = formula.steps and is_computable(formula.text, values)
    put_in = (in_numbers(formula.text, values),) if known else ()
    return Equation(formula.tag, f"δ^{e.H}_{m}", (*first, *symbols, *put_in, number(e.delta[e.H][m], digits)))
