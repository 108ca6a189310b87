"""The output layer in words: H1 or H3, the loss H2, H4 or Q1, and its error B1 or Q2."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from chainrule.engines.reference import NUMPY
from chainrule.equations.activations import d_sigmoid
from chainrule.equations.heads import softmax
from chainrule.explain.blocks import Block, Equation, Line, Table, added, factor, named, number
from chainrule.explain.sums import neurons
from chainrule.model.validate import Floats
from chainrule.types import Namespace

if TYPE_CHECKING:
    from chainrule.explain.sample import Explanation


def outputs(e: Explanation) -> list[Block]:
    """From z^H to a^H and the loss J."""
    return [*(_softmax(e) if e.net.head.distribution else _sigmoid(e)), *_loss(e)]


def _softmax(e: Explanation) -> list[Block]:
    H, z, a = e.H, e.z[e.H], e.a[e.H]
    powers, total, shift = _softmax_parts(z)
    up = f"z^{H}_m − {factor(shift)}" if shift else f"z^{H}_m"
    rows = tuple(
        ("H1", named(m, e.classes), number(z[m]), number(powers[m]), number(a[m]), number(e.y[m]))
        for m in neurons(e.delta[H])
    )
    sum_up = up.replace("_m", "_k")
    why = f"{number(shift)} is the largest z^{H}_m. Subtracted, it cancels, and no exponential overflows."
    return [
        Equation("H1", f"a^{H}_m", (f"e^{{{up}}} / Σ_k e^{{{sum_up}}}", f"e^{{{up}}} / {number(total)}")),
        *([Line(why, "dim")] if shift else []),
        Table(("", "m", f"z^{H}_m", f"e^{{{up}}}", f"a^{H}_m", "y_m"), rows, words=(0, 1), fixed=2),
    ]


def _softmax_parts(z: Floats) -> tuple[Floats, float, float]:
    """What `softmax` itself computes on its way: every e^{z − c}, their sum, and the shift c = max z."""
    seen: dict[str, Any] = {}

    def recorder(name: str) -> Any:
        def record(*args: Any, **options: Any) -> Any:
            seen[name] = getattr(NUMPY, name)(*args, **options)
            return seen[name]

        return record

    softmax(
        cast(Namespace, SimpleNamespace(**{name: recorder(name) for name in ("exp", "sum", "max")})), z[None]
    )
    return seen["exp"][0], float(seen["sum"][0, 0]), float(seen["max"][0, 0])


def _sigmoid(e: Explanation) -> list[Block]:
    H, z, a, share = e.H, e.z[e.H], e.a[e.H], _shares(e)
    tag = _loss_tag(e)
    rows = tuple(
        ("H3", named(m, e.classes), number(z[m]), number(a[m]), number(e.y[m]), number(share[m]))
        for m in neurons(e.delta[H])
    )
    head = ("", "m", f"z^{H}_m", f"a^{H}_m", "y_m", f"J_m ({tag})")
    return [
        Equation("H3", f"a^{H}_m", (f"σ(z^{H}_m)", f"1 / (1 + e^{{−z^{H}_m}})")),
        Table(head, rows, words=(0, 1), fixed=2),
    ]


def _shares(e: Explanation) -> Floats:
    """Each output's share J_m of a loss that is a sum over outputs: the loss of that output alone."""
    z, y = e.z[e.H][:, None], e.y[:, None]
    shares: Floats = e.net.head.loss(NUMPY, z, y)
    return shares


def _loss_tag(e: Explanation) -> str:
    return "H2" if e.net.head.distribution else "H4" if e.net.head.multi_label else "Q1"


def _loss(e: Explanation) -> list[Block]:
    tag, H, J = _loss_tag(e), e.H, number(e.loss, 6)
    if not e.net.head.distribution:
        each = (
            f"−Σ_m [y_m log a^{H}_m + (1 − y_m) log(1 − a^{H}_m)]"
            if tag == "H4"
            else f"½ Σ_m (a^{H}_m − y_m)²"
        )
        shares = _shares(e)
        summed = (added(number(share) for share in shares),) if 1 < len(shares) <= 6 else ()
        return [Equation(tag, "J", (each, *summed, J))]
    on = np.flatnonzero(e.y)
    a = e.a[H]
    if len(on) > 6 or (a[on] == 0).any():
        return [Equation(tag, "J", (f"−Σ_m y_m log a^{H}_m, from the logits z^{H}", J))]
    logs = " − ".join(f"{'' if e.y[m] == 1 else number(e.y[m]) + '·'}log {number(a[m])}" for m in on)
    return [Equation(tag, "J", (f"−Σ_m y_m log a^{H}_m", f"−{logs}", J))]


def output_errors(e: Explanation, shown: tuple[int, ...]) -> list[Block]:
    """δ^H_m of some outputs."""
    return [
        Equation(error_tag(e), f"δ^{e.H}_{m}", (*output_error(e, m), number(e.delta[e.H][m]))) for m in shown
    ]


def error_tag(e: Explanation) -> str:
    """B1, or Q2 for the quadratic cost."""
    return "Q2" if _loss_tag(e) == "Q1" else "B1"


def output_error(e: Explanation, m: int) -> tuple[str, ...]:
    """δ^H_m in symbols and numbers."""
    H, a, y = e.H, e.a[e.H][m], e.y[m]
    minus = f"{number(a)} − {factor(y)}"
    if error_tag(e) == "B1":
        return f"a^{H}_{m} − y_{m}", minus
    slope = d_sigmoid(NUMPY, e.z[H][m], a)
    return f"(a^{H}_{m} − y_{m}) σ'(z^{H}_{m})", f"({minus})·{number(slope)}"
