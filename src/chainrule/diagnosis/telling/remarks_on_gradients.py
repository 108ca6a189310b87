"""What else is seen: loss against gradient, calls that leave something behind, odd outputs."""

from __future__ import annotations

import numpy as np

from chainrule.diagnosis.asking.observed import Observed, relative_error
from chainrule.diagnosis.asking.slopes import OWN, Slope
from chainrule.diagnosis.catalogue.backprop import run
from chainrule.diagnosis.catalogue.models import COSTS, MULTI_LABEL, Model
from chainrule.diagnosis.catalogue.scales import Scale
from chainrule.diagnosis.telling.remarks import Remark, remark
from chainrule.diagnosis.verdict.own_loss import Constant, constant_of
from chainrule.diagnosis.verdict.parts import Part
from chainrule.diagnosis.verdict.penalties import Penalty, between
from chainrule.engines.reference import NUMPY
from chainrule.model.validate import Floats

EPSILONS = (
    *(10.0**-k for k in range(1, 17)),
    float(np.finfo(np.float64).eps),
    float(np.finfo(np.float32).eps),
)
SLOPE_RIGHT = 1e-5
NOTES = (
    "accumulates", "differs when called again", "parameters changed", "one by one", "keeps a state",
    "adaptive", "thresholds",
)  # fmt: skip


def remarks(part: Part) -> list[Remark]:
    """Everything about a part beside its gradients."""
    found = [remark(note) if note in NOTES else remark("note", note=note) for note in part.answer.notes]
    if part.intended.odd_forward and not (part.right and part.intended.scale is not None):
        found.append(remark("forward", "own") if part.right and part.slope else remark("forward"))
    if part.penalty is not None and part.answer.update:
        found.append(remark("penalty", "update", penalty=str(part.penalty)))
    elif part.penalty is not None:
        found.append(remark("penalty", "inside", penalty=str(part.penalty)))
    return [*found, *_constant(part), *_slope(part), *_loss_scale(part), *clipping(part)]


def _slope(part: Part) -> list[Remark]:
    """The gradient against differences of their own loss, and what a constant between them is."""
    if part.slope is not None:
        return []
    own = next((slope for slope in part.answer.slopes if slope.loss == OWN), None)
    if own is None:
        return []
    constant = constant_of(own, part.answer)
    if constant is not None:
        if constant.is_one:
            return [remark("slope", "agrees", error=own.error)]
        return [remark("slope", "times", factor=_named(constant, part))]
    if part.right and own.error < SLOPE_RIGHT:  # on a network beside, something lies at a kink or a clip
        return [remark("slope", "agrees", error=own.error)]
    if part.right and part.penalty is not None and _is_slope(own, part):
        return [remark("penalty", "not in the loss")]
    missing = _missing(own, part) if part.right and part.penalty is None else None
    if missing is not None:
        return [remark("penalty missing", penalty=str(missing))]
    if part.right and part.answer.watched:  # what is called a loss there may be another number
        return []
    unsure = part.penalty is not None and not own.dW  # of a large network not every entry was differenced
    return [remark("slope", "differs", error=own.error)._replace(severe=part.right and not unsure)]


def _is_slope(own: Slope, part: Part) -> bool:
    """Whether the gradient without its penalty is the slope of their loss."""
    one = part.answer.observed[0]
    pairs = zip((*own.dW, *own.db), (*one.dW, *one.db), strict=bool(own.dW))
    return bool(own.dW) and all(g is None or relative_error(g, slope) < SLOPE_RIGHT for slope, g in pairs)


def _missing(own: Slope, part: Part) -> Penalty | None:
    """The penalty that their loss has, and the gradient has not."""
    one = part.answer.observed[0]
    triples = zip(own.dW, one.dW, one.trial.params, strict=bool(own.dW))
    found = [between(slope, dW, layer.W, SLOPE_RIGHT) for slope, dW, layer in triples]
    first = found[0] if found else None
    if first is None or any(other is None or not np.allclose(other, first, rtol=1e-4) for other in found):
        return None
    return Penalty(float(f"{first[0]:.4g}"), float(f"{first[1]:.4g}"))


def _named(constant: Constant, part: Part) -> str:
    """The constant, and what it probably is."""
    K = part.answer.observed[0].trial.y.shape[1]
    named = {"n_outputs": K, "2": 2, "1/2": 0.5, "−1": -1}
    plain = not constant.of_N and not constant.of_eta
    close = [name for name, value in named.items() if plain and abs(constant.value / value - 1) < SLOPE_RIGHT]
    return f"{close[0]} ({constant.value:.4g})" if close and K > 1 else str(constant)


def _constant(part: Part) -> list[Remark]:
    """What a constant between a right gradient and the slope is: a sum, a mean, a learning rate."""
    constant = part.constant
    if constant is None or constant.is_one:
        return []
    if part.slope is not None and not part.slope.is_own:
        return []
    if part.slope is None:
        return [remark("constant", "rate", factor=str(constant))]
    if part.answer.rate_inside or constant.of_eta:
        return [remark("constant", "update", factor=str(constant))]
    if constant.of_N and constant.value == 1:
        if constant.of_N > 0:
            return [remark("constant", "sum", factor=str(constant))]
        return [remark("constant", "mean")]
    return [remark("constant", "other", factor=_named(constant, part))]


def _loss_scale(part: Part) -> list[Remark]:
    """Sum against mean between their loss and their gradient."""
    own: Scale | None = part.intended.scale
    if own is None or not part.right or part.slope or own == part.scale or part.answer.layout.single:
        return []
    return [remark("sum or mean", loss=own.text, gradient=part.scale.text)]


def clipping(part: Part) -> list[Remark]:
    """Whether the loss stops growing, or overflows, where outputs are saturated and wrong."""
    saturated = [one for one in part.answer.saturated if one.loss is not None]
    if not saturated or part.intended.odd_loss:
        return []
    if not all(np.isfinite(one.loss) for one in saturated if one.loss is not None):
        return [remark("overflow")]
    model = part.model
    scale = part.intended.scale
    if scale is None:
        return []
    for epsilon in EPSILONS:
        for name, clip in (("clipped to", _clipped), ("given", _added)):
            if all(_near(one.loss, clip(one, model, scale, epsilon)) for one in saturated):
                exact = [_exact(one, model, scale) for one in saturated]
                if all(_near(one.loss, value) for one, value in zip(saturated, exact, strict=True)):
                    return []
                return [_clipped_at(name, epsilon)]
    return []


def _clipped_at(name: str, epsilon: float) -> Remark:
    to = f"[{epsilon:g}, 1 − {epsilon:g}]"
    kept = to if name == "clipped to" else f"+ {epsilon:g} inside of the logarithm"
    return remark("clipped", how=f"{name} {kept}", most=-np.log(epsilon))


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
