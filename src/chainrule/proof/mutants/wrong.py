"""Wrong equations: functions that stand in for the shipped ones, most as people write them by hand.

`mutants` has the proofs reject each of them; `chainrule.diagnosis` recognises them in other people's code.
Nothing here needs SymPy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple
from unittest import mock

from chainrule.equations import activations, affine, heads, network, optimizers, penalty
from chainrule.equations.activations import d_sigmoid, sigmoid, softplus
from chainrule.equations.affine import input_gradient
from chainrule.equations.heads import categorical_cross_entropy, log_softmax, quadratic_cost, softmax
from chainrule.equations.optimizers import clip_by_norm

MODULES = (activations, affine, heads, network, penalty, optimizers)
TABLES: tuple[dict[str, Any], ...] = (activations.ACTIVATIONS, heads.HEADS)


class Mutant(NamedTuple):
    """A wrong function in the place of a shipped one, and the tag whose theorems must say so."""

    tag: str
    target: str
    mistake: str
    wrong: Callable[..., Any]


@contextmanager
def applied(mutant: Mutant) -> Iterator[None]:
    """Within it every module and every table holds the mutant in the place of the shipped function."""
    right = next(vars(module)[mutant.target] for module in MODULES if mutant.target in vars(module))
    with ExitStack() as stack:
        for module in MODULES:
            for name in [name for name, value in vars(module).items() if value is right]:
                stack.enter_context(mock.patch.object(module, name, mutant.wrong))
        for table in TABLES:
            stack.enter_context(mock.patch.dict(table, _replaced(table, right, mutant.wrong)))
        yield


def _replaced(table: dict[str, Any], right: Any, wrong: Any) -> dict[str, Any]:
    return {
        key: entry._replace(**{field: wrong for field, value in entry._asdict().items() if value is right})
        for key, entry in table.items()
    }


def _clipped(xp: Any, z: Any) -> Any:
    return xp.maximum(softmax(xp, z), 1e-2)


def _clipped_loss(xp: Any, z: Any, y: Any) -> Any:
    return -xp.sum(y * xp.log(xp.maximum(softmax(xp, z), 1e-2)), axis=1)


def _binary_loss(xp: Any, z: Any, y: Any) -> Any:
    a = softmax(xp, z)
    return -xp.sum(y * xp.log(a) + (1 - y) * xp.log(1 - a), axis=1)


def _diagonal(xp: Any, z: Any, a: Any, y: Any) -> Any:
    return -y / a * a * (1 - a)


def _hardswish_slope(xp: Any, z: Any, between: Any, above: float) -> Any:
    return xp.where(z <= -3, 0 * z, xp.where(z <= 3, between, above + 0 * z))


def _clipped_apart(xp: Any, gradients: Any, limit: Any) -> Any:
    return [g * limit / xp.maximum(xp.sqrt(xp.sum(g * g)), limit) for g in gradients]


def _clipped_by_longest(xp: Any, gradients: Any, limit: Any) -> Any:
    return clip_by_norm(xp, gradients[:1], limit) + gradients[1:]


def _clipped_above(rule: Any, limit: Any) -> Any:
    return rule._replace(update=lambda xp, g, state: rule.update(xp, xp.minimum(g, limit), state))


def _hidden(change: Callable[..., Any]) -> Callable[..., Any]:
    """B2 changed: ``change(xp, phi, delta_next, W_next, z, a, mask or 1)``."""

    def wrong(xp: Any, phi: Any, delta: Any, W: Any, z: Any, a: Any, mask: Any = None) -> Any:
        return change(xp, phi, delta, W, z, a, 1 if mask is None else mask)

    return wrong


def _mean_loss(xp: Any, net: Any, params: Any, z: Any, y: Any, w: Any, penalty: Any = None) -> Any:
    return xp.sum(net.head.loss(xp, z, y) * w) / len(w)


def _wrong_layer(xp: Any, net: Any, params: Any, cache: Any, y: Any, w: Any, *rest: Any) -> Any:
    """B2 with W^L in the place of W^{L+1}: seen where both have the same shape."""
    layers = [layer._replace(W=params[max(L - 1, 1)].W) for L, layer in params.items()]
    return network_backward(xp, net, type(params)(layers), cache, y, w, *rest)


network_backward = network.backward


def _doubled(xp: Any, *given: Any) -> Any:
    found = network_backward(xp, *given)
    return found._replace(dW=found.dW.map(lambda g: 2 * g), db=found.db.map(lambda g: 2 * g))


def _no_bias(xp: Any, *given: Any) -> Any:
    found = network_backward(xp, *given)
    return found._replace(db=found.db.map(lambda g: 0 * g))


MUTANTS: tuple[Mutant, ...] = (
    Mutant("F1", "affine", "W not transposed", lambda a, W, b: a @ W.reshape(W.T.shape) + b),
    Mutant("F1", "affine", "no bias", lambda a, W, b: a @ W.T),
    Mutant("F1", "affine", "bias subtracted", lambda a, W, b: a @ W.T - b),
    Mutant("F2", "sigmoid", "e^{−z} for e^{z} below 0", lambda xp, z: 1 / (1 + xp.exp(-xp.abs(z)))),
    Mutant("F2", "d_sigmoid", "σ(1 + σ)", lambda xp, z, a: a * (1 + a)),
    Mutant("F2", "d_sigmoid", "σ' of a where z is meant", lambda xp, z, a: d_sigmoid(xp, z, sigmoid(xp, a))),
    Mutant("F2", "d_sigmoid", "the value, not the derivative", lambda xp, z, a: a),
    Mutant("F2", "d_sigmoid", "z(1 − z): z where a is meant", lambda xp, z, a: z * (1 - z)),
    Mutant("F2", "d_tanh", "1 − a", lambda xp, z, a: 1 - a),
    Mutant("F2", "d_tanh", "1 + a²", lambda xp, z, a: 1 + a * a),
    Mutant("F2", "d_tanh", "1 − z²", lambda xp, z, a: 1 - z * z),
    Mutant("F2", "d_relu", "slope 1 everywhere", lambda xp, z, a: xp.ones_like(z)),
    Mutant("F2", "d_relu", "the other side", lambda xp, z, a: xp.where(z > 0, 0, xp.ones_like(z))),
    Mutant("F2", "d_leaky_relu", "leak forgotten", lambda xp, z, a: xp.where(z > 0, xp.ones_like(z), 0)),
    Mutant("F2", "d_elu", "a for a + 1", lambda xp, z, a: xp.where(z > 0, xp.ones_like(z), a)),
    Mutant("F2", "d_softplus", "σ(−z)", lambda xp, z, a: sigmoid(xp, -z)),
    Mutant("F2", "d_silu", "product rule forgotten", lambda xp, z, a: sigmoid(xp, z)),
    Mutant("F2", "d_gelu", "density left out", lambda xp, z, a: activations.normal_cdf(xp, z)),
    Mutant(
        "F2",
        "d_hardswish",
        "product rule forgotten",
        lambda xp, z, a: xp.minimum(xp.maximum(z + 3, 0), 6) / 6,
    ),
    Mutant("F2", "d_hardswish", "3 forgotten", lambda xp, z, a: _hardswish_slope(xp, z, z / 3, 1)),
    Mutant("F2", "d_hardswish", "0 above 3", lambda xp, z, a: _hardswish_slope(xp, z, (2 * z + 3) / 6, 0)),
    Mutant("F2", "identity", "−z", lambda xp, z: -z),
    Mutant("H1", "softmax", "clipped at 1/100", _clipped),
    Mutant("H1", "softmax", "sum over the batch", lambda xp, z: xp.exp(z) / xp.sum(xp.exp(z), axis=0)),
    Mutant("H1", "softmax", "not normalised", lambda xp, z: xp.exp(z)),
    Mutant("H2", "categorical_cross_entropy", "sign", lambda xp, z, y: -categorical_cross_entropy(xp, z, y)),
    Mutant("H2", "categorical_cross_entropy", "clipped probabilities", _clipped_loss),
    Mutant("H2", "categorical_cross_entropy", "binary cross-entropy over softmax", _binary_loss),
    Mutant(
        "H2", "categorical_cross_entropy", "no labels", lambda xp, z, y: -xp.sum(log_softmax(xp, z), axis=1)
    ),
    Mutant("H3", "sigmoid", "of 2z", lambda xp, z: sigmoid(xp, 2 * z)),
    Mutant(
        "H4",
        "multi_label_cross_entropy",
        "only labels that are on",
        lambda xp, z, y: xp.sum(y * softplus(xp, -z), axis=1),
    ),
    Mutant(
        "H4",
        "multi_label_cross_entropy",
        "y and 1 − y swapped",
        lambda xp, z, y: xp.sum(y * softplus(xp, z) + (1 - y) * softplus(xp, -z), axis=1),
    ),
    Mutant(
        "H4",
        "weighted_multi_label_cross_entropy",
        "p on labels that are off, too",
        lambda xp, z, y, p: xp.sum(p * (y * softplus(xp, -z) + (1 - y) * softplus(xp, z)), axis=1),
    ),
    Mutant("B1", "weighted_cross_entropy_error", "p (a − y)", lambda a, y, p: p * (a - y)),
    Mutant("B1", "cross_entropy_error", "extra σ'", lambda xp, z, a, y: (a - y) * a * (1 - a)),
    Mutant("B1", "cross_entropy_error", "sign", lambda xp, z, a, y: y - a),
    Mutant("B1", "cross_entropy_error", "∂J/∂a", lambda xp, z, a, y: -y / a),
    Mutant("B1", "cross_entropy_error", "diagonal of the Jacobian only", _diagonal),
    Mutant("B1", "cross_entropy_error", "1/N twice", lambda xp, z, a, y: (a - y) / len(y)),
    Mutant("B1", "cross_entropy_error", "z for a", lambda xp, z, a, y: z - y),
    Mutant("B1", "output_error", "w_i missing", lambda xp, head, z, a, y, w: head.delta(xp, z, a, y)),
    Mutant(
        "B1", "output_error", "w_i²", lambda xp, head, z, a, y, w: head.delta(xp, z, a, y) * (w * w)[:, None]
    ),
    Mutant(
        "B1",
        "output_error",
        "2/N: right for N = 2",
        lambda xp, head, z, a, y, w: head.delta(xp, z, a, y) * (2 * w / w.shape[0])[:, None],
    ),
    Mutant("Q1", "quadratic_cost", "½ missing", lambda xp, z, y: 2 * quadratic_cost(xp, z, y)),
    Mutant("Q2", "quadratic_error", "σ' missing", lambda xp, z, a, y: a - y),
    Mutant("Q2", "quadratic_error", "σ' twice", lambda xp, z, a, y: (a - y) * d_sigmoid(xp, z, a) ** 2),
    Mutant("B2", "hidden_error", "φ' missing", _hidden(lambda xp, phi, d, W, z, a, r: d @ W * r)),
    Mutant(
        "B2",
        "hidden_error",
        "φ' twice",
        _hidden(lambda xp, p, d, W, z, a, r: d @ W * r * p.d_phi(xp, z, p.phi(xp, z)) ** 2),
    ),
    Mutant(
        "B2",
        "hidden_error",
        "φ' of a",
        _hidden(lambda xp, p, d, W, z, a, r: d @ W * r * p.d_phi(xp, a, p.phi(xp, a))),
    ),
    Mutant("B2", "hidden_error", "φ for φ'", _hidden(lambda xp, p, d, W, z, a, r: d @ W * r * p.phi(xp, z))),
    Mutant(
        "B2",
        "hidden_error",
        "mask missing",
        _hidden(lambda xp, p, d, W, z, a, r: d @ W * p.d_phi(xp, z, p.phi(xp, z))),
    ),
    Mutant(
        "B2",
        "hidden_error",
        "masked a taken for φ(z)",
        _hidden(lambda xp, p, d, W, z, a, r: d @ W * r * p.d_phi(xp, z, a)),
    ),
    Mutant(
        "B2",
        "hidden_error",
        "W transposed",
        _hidden(lambda xp, p, d, W, z, a, r: d @ W.reshape(W.T.shape).T * r * p.d_phi(xp, z, p.phi(xp, z))),
    ),
    Mutant("B2", "input_gradient", "sign", lambda delta, W: -input_gradient(delta, W)),
    Mutant("B2", "input_gradient", "4/n: right for 4 neurons", lambda d, W: d @ W * 4 / W.shape[0]),
    Mutant("B3", "weight_gradient", "transposed", lambda delta, a: a.T @ delta),
    Mutant("B3", "weight_gradient", "divided by N", lambda delta, a: delta.T @ a / len(a)),
    Mutant("B3", "weight_gradient", "2/N: right for N = 2", lambda d, a: 2 * d.T @ a / a.shape[0]),
    Mutant("B3", "weight_gradient", "first sample only", lambda delta, a: delta[:1].T @ a[:1]),
    Mutant("B4", "bias_gradient", "sum over neurons", lambda xp, delta: xp.sum(delta, axis=1)),
    Mutant(
        "B4", "bias_gradient", "mean over the batch", lambda xp, delta: xp.sum(delta, axis=0) / len(delta)
    ),
    Mutant("B4", "bias_gradient", "2/N: right for N = 2", lambda xp, d: 2 * xp.sum(d, axis=0) / d.shape[0]),
    Mutant("D1", "dropout", "not applied", lambda a, r: a),
    Mutant("D1", "dropout", "applied twice", lambda a, r: a * r * r),
    Mutant("P1", "d_l2_penalty", "2W", lambda xp, W: 2 * W),
    Mutant("P1", "l2_penalty", "½ missing", lambda xp, W: xp.sum(W * W)),
    Mutant("P2", "d_l1_penalty", "sign missing", lambda xp, W: xp.ones_like(W)),
    Mutant("P2", "penalty_gradient", "λ₁ forgotten", lambda xp, p, W: p.l2 * W),
    Mutant("S1", "smooth_labels", "ε K times too large", lambda y, e, u: (1 - e) * y + e),
    Mutant("S1", "smooth_labels", "labels not scaled down", lambda y, e, u: y + e * u),
    Mutant("NET", "backward", "W^L for W^{L+1}", _wrong_layer),
    Mutant("NET", "backward", "run twice, gradients added up", _doubled),
    Mutant("NET", "backward", "bias never updated", _no_bias),
    Mutant("NET", "loss", "1/N twice, penalty forgotten", _mean_loss),
    Mutant("G1", "descend", "ascent", lambda theta, d, eta, decay=0: theta + eta * (d + decay * theta)),
    Mutant("G1", "descend", "no decay", lambda theta, d, eta, decay=0: theta - eta * d),
    Mutant(
        "G1", "descend", "decay without η", lambda theta, d, eta, decay=0: theta - eta * d - decay * theta
    ),
    Mutant("G1", "clip_by_norm", "each parameter by itself", _clipped_apart),
    Mutant("G1", "clip_by_norm", "the longest parameter's norm", _clipped_by_longest),
    Mutant("G1", "clip_by_value", "from above only", _clipped_above),
)
"""At least one for every tag."""
