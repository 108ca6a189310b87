"""Optimisers: from a gradient to the step a parameter takes. All pure, one array at a time.

Every optimiser is a pair of functions over the namespace ``xp``: ``init(xp, theta) → state`` and
``update(xp, g, state) → (direction, state)``. The step itself is the same for all of them, Eq. G1:

    θ ← θ − η (direction + λ θ)

where η is the learning rate and λ the decoupled weight decay, which only AdamW has, and which
never touches a bias. For plain SGD the direction is the gradient g, the mean over the mini-batch.
Shapes: theta, g, direction and every moment in the state are alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple, TypeAlias

from chainrule.checks import as_real
from chainrule.types import Array, Namespace


class Moments(NamedTuple):
    """What an optimiser remembers of one parameter: steps taken, and moments of its gradient."""

    t: int
    first: Array = None
    second: Array = None


Update: TypeAlias = Callable[[Namespace, Array, Moments], tuple[Array, Moments]]


class Optimizer(NamedTuple):
    """``init(xp, theta) → state`` and ``update(xp, g, state) → (direction, state)``, with their options.

    It pickles where both functions do: functions of a module, or `functools.partial` of such, but no lambdas.
    """

    name: str
    init: Callable[[Namespace, Array], Moments]
    update: Update
    learning_rate: float
    """The learning rate taken when none is given."""
    weight_decay: float = 0.0
    options: tuple[tuple[str, float], ...] = ()


def descend(theta: Array, direction: Array, learning_rate: float, weight_decay: float = 0.0) -> Array:
    """Gradient descent, θ ← θ − η (direction + λ θ). Eq. G1."""
    if weight_decay:
        direction = direction + weight_decay * theta
    return theta - learning_rate * direction


def clip_by_norm(xp: Namespace, gradients: Sequence[Array], limit: float) -> list[Array]:
    """Shorten a gradient to the limit c, all parameters together: g ← g c / max(c, ‖g‖), ‖g‖² = Σ_θ Σ g_θ².

    The direction stays: every part is multiplied by the same number.
    Source: Pascanu, Mikolov & Bengio, ICML 2013. Shapes: any, and the same again.
    """
    squares = sum(xp.sum(g * g) for g in gradients)
    factor = limit / xp.maximum(xp.sqrt(squares), limit)
    return [g * factor for g in gradients]


def clip_by_value(optimizer: Optimizer, limit: float) -> Optimizer:
    """An optimiser that takes each entry of the gradient into −c … c first: g ← min(max(g, −c), c).

    Other than `clip_by_norm` it changes the direction.
    """
    options = (*optimizer.options, ("clip_value", limit))
    return optimizer._replace(
        update=partial(_clipped_update, update=optimizer.update, limit=limit), options=options
    )


def _clipped_update(
    xp: Namespace, g: Array, state: Moments, update: Update, limit: float
) -> tuple[Array, Moments]:
    return update(xp, xp.minimum(xp.maximum(g, -limit), limit), state)


def sgd() -> Optimizer:
    """Stochastic gradient descent: the direction is the gradient. Source: Robbins & Monro, 1951."""
    return Optimizer("sgd", _no_moment, _sgd_update, learning_rate=0.5)


def _sgd_update(xp: Namespace, g: Array, state: Moments) -> tuple[Array, Moments]:
    return g, state


def momentum(mu: float = 0.9) -> Optimizer:
    """Heavy ball: v ← μ v + g, direction v. Source: Polyak, USSR Comp. Math. 4(5), 1964."""
    mu = _share("mu", mu)
    update = partial(_momentum_update, mu=mu)
    return Optimizer("momentum", _one_moment, update, learning_rate=0.1, options=(("mu", mu),))


def _momentum_update(xp: Namespace, g: Array, state: Moments, mu: float) -> tuple[Array, Moments]:
    v = mu * state.first + g
    return v, Moments(state.t + 1, v)


def nesterov(mu: float = 0.9) -> Optimizer:
    """Nesterov's accelerated gradient: v ← μ v + g, direction g + μ v.

    Source: Nesterov, Soviet Math. Doklady 27, 1983, in the form of Sutskever et al., ICML 2013.
    """
    mu = _share("mu", mu)
    update = partial(_nesterov_update, mu=mu)
    return Optimizer("nesterov", _one_moment, update, learning_rate=0.1, options=(("mu", mu),))


def _nesterov_update(xp: Namespace, g: Array, state: Moments, mu: float) -> tuple[Array, Moments]:
    v = mu * state.first + g
    return g + mu * v, Moments(state.t + 1, v)


def rmsprop(rho: float = 0.9, epsilon: float = 1e-8) -> Optimizer:
    """RMSprop: s ← ρ s + (1 − ρ) g², direction g / (√s + ε). Source: Tieleman & Hinton, lecture 6.5, 2012."""
    rho, epsilon = _share("rho", rho), as_real("epsilon", epsilon, above=0)
    options = (("rho", rho), ("epsilon", epsilon))
    update = partial(_rmsprop_update, rho=rho, epsilon=epsilon)
    return Optimizer("rmsprop", _one_moment, update, learning_rate=0.001, options=options)


def _rmsprop_update(
    xp: Namespace, g: Array, state: Moments, rho: float, epsilon: float
) -> tuple[Array, Moments]:
    s = rho * state.first + (1 - rho) * g * g
    return g / (xp.sqrt(s) + epsilon), Moments(state.t + 1, s)


def adam(beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8) -> Optimizer:
    """Adam: m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², direction m̂ / (√v̂ + ε).

    With the bias corrections m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ). Source: Kingma & Ba, ICLR 2015.
    """
    beta_1 = _share("beta_1", beta_1)
    beta_2, epsilon = _share("beta_2", beta_2), as_real("epsilon", epsilon, above=0)
    options = (("beta_1", beta_1), ("beta_2", beta_2), ("epsilon", epsilon))
    update = partial(_adam_update, beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)
    return Optimizer("adam", _two_moments, update, learning_rate=0.001, options=options)


def _adam_update(
    xp: Namespace, g: Array, state: Moments, beta_1: float, beta_2: float, epsilon: float
) -> tuple[Array, Moments]:
    """The direction of `adam`, and its next state. Shapes: g, m, v and the direction are alike."""
    t = state.t + 1
    m = beta_1 * state.first + (1 - beta_1) * g
    v = beta_2 * state.second + (1 - beta_2) * g * g
    m_hat = m / (1 - beta_1**t)
    v_hat = v / (1 - beta_2**t)
    return m_hat / (xp.sqrt(v_hat) + epsilon), Moments(t, m, v)


def adamw(
    beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8, weight_decay: float = 0.01
) -> Optimizer:
    """Adam with decoupled weight decay λ on the weights, never on the biases.

    Source: Loshchilov & Hutter, ICLR 2019.
    """
    weight_decay = as_real("weight_decay", weight_decay, at_least=0)
    plain = adam(beta_1, beta_2, epsilon)
    options = (*plain.options, ("weight_decay", weight_decay))
    return plain._replace(name="adamw", weight_decay=weight_decay, options=options)


OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "sgd": sgd,
    "momentum": momentum,
    "nesterov": nesterov,
    "rmsprop": rmsprop,
    "adam": adam,
    "adamw": adamw,
}


def _no_moment(xp: Namespace, theta: Array) -> Moments:
    return Moments(0)


def _one_moment(xp: Namespace, theta: Array) -> Moments:
    return Moments(0, 0 * xp.ones_like(theta))


def _two_moments(xp: Namespace, theta: Array) -> Moments:
    return Moments(0, 0 * xp.ones_like(theta), 0 * xp.ones_like(theta))


def _share(name: str, value: float) -> float:
    return as_real(name, value, at_least=0, below=1)
