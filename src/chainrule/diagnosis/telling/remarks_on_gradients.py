"""What else is seen: loss against gradient, calls that leave something behind, odd outputs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from chainrule.diagnosis.asking.observed import Observed
from chainrule.diagnosis.catalogue.backprop import run
from chainrule.diagnosis.catalogue.models import COSTS, MULTI_LABEL, Model
from chainrule.diagnosis.catalogue.scales import ALL, Scale
from chainrule.diagnosis.verdict.judge import Part
from chainrule.engines.reference import NUMPY
from chainrule.model.validate import Floats

EPSILONS = (
    *(10.0**-k for k in range(1, 17)),
    float(np.finfo(np.float64).eps),
    float(np.finfo(np.float32).eps),
)
SLOPE_RIGHT = 1e-5


class Remark(NamedTuple):
    """A sentence; ``severe`` makes the verdict wrong."""

    key: str
    text: str
    severe: bool = False


NOTES = {
    "accumulates": Remark(
        "accumulates",
        "Called a second time on the same parameters and data, it returns twice as much: gradients add "
        "up over calls. "
        "Set them to 0 at the start of every backward pass.",
        True,
    ),
    "differs when called again": Remark(
        "differs when called again",
        "Called a second time on the same parameters and data, it returns something else: something is kept "
        "between calls, or random numbers are drawn.",
        True,
    ),
    "parameters changed": Remark(
        "parameters changed",
        "The call that computes gradients changes the parameters too: whoever updates with its result "
        "updates twice.",
        True,
    ),
}


def remarks(part: Part) -> list[Remark]:
    """Everything about a part beside its gradients."""
    found = [NOTES[note] if note in NOTES else Remark("note", note) for note in part.seen.notes]
    if part.stated.odd_forward:
        found.append(
            Remark(
                "forward",
                "Its outputs are those of no activation known here, taken at these weights: look at "
                "F1, F2, H1.",
            )
        )
    found += [*_slope(part), *_loss_scale(part), *clipping(part)]
    return found


def _slope(part: Part) -> list[Remark]:
    """The gradient against differences of their own loss."""
    error, factor = part.seen.slope_error, part.seen.slope_factor
    if error is None:
        return []
    if error < SLOPE_RIGHT:
        return [
            Remark("slope", f"It is the slope of your own loss: centred differences agree to {error:.0e}.")
        ]
    if factor is not None:
        N = part.seen.observed[0].trial.N
        return [
            Remark(
                "slope", f"It is {_factor(factor, N, part)} times the slope of your own loss, in every entry."
            )
        ]
    return [
        Remark(
            "slope",
            f"It is not the slope of your own loss: centred differences are off by {error:.1g}.",
            part.right,
        )
    ]


def _factor(factor: float, N: int, part: Part) -> str:
    K = part.seen.observed[0].trial.y.shape[1]
    named = {"N": N, "1/N": 1 / N, "n_outputs": K, "2": 2, "1/2": 0.5, "−1": -1, "N·n_outputs": N * K}
    close = [name for name, value in named.items() if abs(factor / value - 1) < SLOPE_RIGHT]
    return f"{close[0]} ({factor:.4g})" if close else f"{factor:.6g}"


def _loss_scale(part: Part) -> list[Remark]:
    """Sum against mean between their loss and their gradient."""
    own: Scale | None = part.stated.scale
    if own is None or not part.right or own.name == part.scale.name or part.seen.layout.single:
        return []
    text = (
        f"The loss is {own.text}, the gradient is of {part.scale.text}: harmless, but the learning rate "
        "differs by N."
    )
    return [Remark("sum or mean", text)]


def clipping(part: Part) -> list[Remark]:
    """Whether the loss stops growing, or overflows, where outputs are saturated and wrong."""
    saturated = [one for one in part.seen.saturated if one.loss is not None]
    if not saturated or part.stated.odd_loss:
        return []
    if not all(np.isfinite(one.loss) for one in saturated if one.loss is not None):
        return [
            Remark(
                "overflow",
                "With large weights the loss is not finite: log 0. Compute it from the logits z^H.",
            )
        ]
    model = part.model
    scale = next((s for s in ALL if part.stated.scale is not None and s.name == part.stated.scale.name), None)
    if scale is None:
        return []
    for epsilon in EPSILONS:
        for name, clip in (("clipped to", _clipped), ("given", _added)):
            if all(_near(one.loss, clip(one, model, scale, epsilon)) for one in saturated):
                exact = [_exact(one, model, scale) for one in saturated]
                if all(_near(one.loss, value) for one, value in zip(saturated, exact, strict=True)):
                    return []
                return [_says_clipped(name, epsilon)]
    return []


def _says_clipped(name: str, epsilon: float) -> Remark:
    kept = (
        f"[{epsilon:g}, 1 − {epsilon:g}]"
        if name == "clipped to"
        else f"+ {epsilon:g} inside of the logarithm"
    )
    return Remark(
        "clipped",
        f"The loss is that of probabilities {name} {kept}: of one output it never exceeds "
        f"{-np.log(epsilon):.4g}, and there its slope is 0, while a − y stays 1. Where outputs are "
        "saturated the loss shown and the "
        "gradient disagree. Computed from the logits it needs no clipping.",
    )


def _near(value: float | None, other: float) -> bool:
    return value is not None and abs(value - other) <= 1e-7 * max(abs(value), 1e-9)


def _of(a: Floats, one: Observed, model: Model, scale: Scale) -> float:
    N, K = one.trial.y.shape
    with np.errstate(all="ignore"):
        return float(np.sum(COSTS[model.loss].value(a, one.trial.y)) * scale.of(N, K))


def _clipped(one: Observed, model: Model, scale: Scale, epsilon: float) -> float:
    s = run(one.trial, model, 1.0)
    return _of(np.clip(s.a[s.H], epsilon, 1 - epsilon), one, model, scale)


def _added(one: Observed, model: Model, scale: Scale, epsilon: float) -> float:
    s = run(one.trial, model, 1.0)
    a, y = s.a[s.H], one.trial.y
    with np.errstate(all="ignore"):
        terms = -y * np.log(a + epsilon)
        if model.loss == MULTI_LABEL:
            terms = terms - (1 - y) * np.log(1 - a + epsilon)
        return float(np.sum(terms) * scale.of(*y.shape))


def _exact(one: Observed, model: Model, scale: Scale) -> float:
    """Their loss by logits, which nothing clips."""
    s = run(one.trial, model, 1.0)
    with np.errstate(all="ignore"):
        return float(np.sum(s.head.loss(NUMPY, s.z[s.H], one.trial.y)) * scale.of(*one.trial.y.shape))
