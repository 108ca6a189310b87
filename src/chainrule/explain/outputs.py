"""The output layer in words: its outputs, its loss and its error, by the formulas that its head owns."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from chainrule.engines.reference import NUMPY
from chainrule.explain.arithmetic import about, enough, fewest, follows
from chainrule.explain.blocks import (
    Block,
    Equation,
    Line,
    Table,
    added,
    at,
    factor,
    layer,
    number,
)
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
    H, z, formula, shown = e.H, e.z[e.H], e.net.head.printed.a, neurons(e.delta[e.H])
    powers, total, shift = _softmax_parts(e)

    def quotient(m: int, n: int) -> str:
        return f"{number(powers[m], n)} / {number(total, n)}"

    n = fewest(lambda n: all(follows(quotient(m, n), number(e.a[H][m])) for m in shown))
    moved = f" − {factor(shift, n)}" if shift else ""
    rows: list[tuple[str, ...]] = []
    for m in shown:
        same = follows(f"e^{{{number(z[m], n)}{moved}}}", number(powers[m]))
        power = number(powers[m], n)
        a = about(quotient(m, n), number(e.a[H][m]))
        rows.append((number(z[m], n), power if same else f"≈ {power}", a, number(e.y[m])))
    up = f"e^{{z{layer(H)}_m{moved}}}"
    whole = in_layer(formula.text.replace("z_m", f"z_m{moved}").replace("z_k", f"z_k{moved}"), H)
    why = (
        f"{number(shift, n)} is the largest z{layer(H)}_m; subtracted, it cancels. No exponential overflows."
    )
    return [
        Equation(formula.tag, f"a{layer(H)}_m", (whole, f"{up} / {number(total, n)}")),
        *([Line(why, "dim")] if shift else []),
        _table(e, (f"z{layer(H)}_m", up, f"a{layer(H)}_m", "y_m"), rows),
    ]


def _alone(e: Numbers) -> list[Block]:
    """Outputs that each depend on their own z alone."""
    H, printed = e.H, e.net.head.printed
    name = f"J_m ({printed.J.tag})" if printed.J.tag else "J_m"
    heads = (f"z{layer(H)}_m", f"a{layer(H)}_m", "y_m", *([name] if printed.J.steps else []))
    share = shares(e) if printed.J.steps else None
    shown = neurons(e.delta[H])

    def a_in_numbers(m: int, n: int) -> str:
        return in_numbers(printed.a.text, _values(e, m), n)

    n = fewest(lambda n: all(follows(a_in_numbers(m, n), number(e.a[H][m])) for m in shown))
    rows: list[tuple[str, ...]] = []
    for m in shown:
        a = about(a_in_numbers(m, n), number(e.a[H][m]))
        J = [] if share is None else [_share(e, m, share[m])]
        rows.append((number(e.z[H][m], n), a, number(e.y[m]), *J))
    table = _table(e, heads, rows)
    lines = [Equation(printed.a.tag, f"a{layer(H)}_m", steps(printed.a, H))] if printed.a.steps else []
    return [*lines, table]


def _share(e: Numbers, m: int, share: float) -> str:
    """What output m adds to the loss; ≈ before it if the printed a and y do not give it."""
    formula, values = e.net.head.printed.J, _values(e, m)
    known = is_computable(formula.each, values)
    return about(in_numbers(formula.each, values), number(share)) if known else number(share)


def _table(e: Numbers, heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> Table:
    """The outputs that are shown, with their class, whose number Python counts from 0."""
    tag, what = e.net.head.printed.a.tag, "label" if e.multi_label else "class"
    full = ((tag, str(m + 1), e.classes[m], *row) for m, row in zip(neurons(e.delta[e.H]), rows, strict=True))
    return Table(("", "m", what, *heads), tuple(full), words=(0, 2), fixed=3)


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
        return [Equation(formula.tag, "J", (f"{symbols}, from the logits z{layer(e.H)}", J))]
    found = [J] if len(on) == 1 else [number(share[m]) for m in on]
    each = [_enough(formula.each, _values(e, m), text) for m, text in zip(on, found, strict=True)]
    if len(on) < 2:
        return [Equation(formula.tag, "J", (symbols, *each, J))]
    lines = [
        Equation(formula.tag, f"J{at(m)}", (text, number(share[m]))) for m, text in zip(on, each, strict=True)
    ]
    total = enough(lambda n: added(number(share[m], n) for m in on), J)
    return [*lines, Equation(formula.tag, "J", (symbols, total, J))]


def output_errors(e: Numbers, shown: tuple[int, ...]) -> list[Block]:
    """δ^H_m of some outputs; a long formula first in symbols."""
    formula = e.net.head.printed.delta
    whole = formula.steps and _is_long(e)
    start = [Equation(formula.tag, f"δ{layer(e.H)}_m", steps(formula, e.H))] if whole else []
    return [*start, *slope_equations(e, shown), *(output_error(e, m) for m in shown)]


def _is_long(e: Numbers) -> bool:
    return len(e.net.head.printed.delta.text) > SHORT


def slope_equations(e: Numbers, shown: tuple[int, ...]) -> list[Block]:
    """ℓ'_m = ∂ℓ_m/∂log a_m where δ is made of it, and their sum."""
    formula, H = e.net.head.printed.slope, e.H
    if not formula.steps:
        return []
    found = slopes(e)
    lines: list[Block] = [Equation("", "ℓ'_m", (f"∂ℓ_m/∂log a{layer(H)}_m", *steps(formula, H)))]
    for m in shown:
        values = _values(e, m)
        known = is_computable(formula.text, values)
        put_in = (_enough(formula.text, values, number(found[m])),) if known else ()
        lines.append(Equation("", f"ℓ'{at(m)}", (*put_in, number(found[m]))))
    total = number(found.sum())
    few = 1 < len(found) <= LISTED
    terms = (enough(lambda n: added(number(v, n) for v in found), total),) if few else ()
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
    delta = number(e.delta[e.H][m], digits)
    put_in = (_enough(formula.text, values, delta, digits),) if known else ()
    return Equation(formula.tag, f"δ{layer(e.H)}{at(m)}", (*first, *symbols, *put_in, delta))


def _enough(text: str, values: dict[str, float], result: str, first: int = 5) -> str:
    """A formula in numbers, with as many digits as it takes to give the result."""
    return enough(lambda n: in_numbers(text, values, n), result, first, first + 4)
