"""An estimator's parameters, in scikit-learn's names, as a network and the options of its training."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from inspect import signature
from math import sqrt
from numbers import Real
from typing import Any

import numpy as np

from chainrule.checks import as_real, as_whole
from chainrule.engines.choice import engine_for
from chainrule.equations import optimizers
from chainrule.equations.activations import Activation
from chainrule.equations.heads import Head
from chainrule.equations.optimizers import Optimizer
from chainrule.equations.penalty import Penalty
from chainrule.errors import InputError, look_up
from chainrule.estimator.labels import Labels
from chainrule.evaluation import THRESHOLD
from chainrule.model.validate import as_activations, as_head
from chainrule.model.weights import as_pos_weighted
from chainrule.network import Network
from chainrule.training.schedules import SCHEDULES, Schedule

NAMES = {"logistic": "sigmoid"}
"""scikit-learn's names of activations that are called otherwise here."""

SOLVERS = ("adam", "sgd", "lbfgs", *(name for name in optimizers.OPTIMIZERS if name not in ("adam", "sgd")))

TYPICAL_EPOCHS = 200
"""Epochs for which an engine is chosen; not max_iter, so that training in parts runs on the same engine."""

BATCH = 200

NARROW = 3.0
"""1/σ² of the prior on the weights where samples are few."""

WIDER = 75.0
"""1/σ² is this over the square root of the number of samples where they are many."""

SEARCH = 100
"""Epochs after which learning_rate="auto" is half of what it was."""


def new_network(parameters: Any, X: Any, labels: Labels, dtype: Any, seed: int) -> Network:
    """The network that an estimator's parameters describe."""
    n_samples, n_features = X.shape
    layers = [n_features, *_widths(parameters.hidden_layer_sizes), labels.n_outputs]
    size = batch_size(parameters.batch_size, n_samples)
    steps = TYPICAL_EPOCHS * -(-n_samples // size)
    return Network(
        layers,
        hidden=_hidden(parameters.activation),
        output=_head(parameters, labels, dtype),
        initializer=parameters.initializer,
        seed=seed,
        dtype=dtype,
        engine=_engine(parameters.engine, X, layers, size, steps),
        threads=parameters.threads,
    )


def check_same(parameters: Any, network: Network, labels: Labels) -> None:
    """Refuse to go on training a network that the parameters no longer describe.

    Raises:
        InputError: a parameter that decides the network has changed; its message names it.
    """
    widths = _widths(parameters.hidden_layer_sizes)
    _must_be("hidden_layer_sizes", network.layers[1:-1], widths, widths == network.layers[1:-1])
    hidden = as_activations(_hidden(parameters.activation), len(widths))
    before, now = ([phi.name for phi in layers] for layers in (network.hidden, hidden))
    _must_be("activation", before, now, all(map(_same_activation, network.hidden, hidden)))
    heads = network.head, as_head(_head(parameters, labels, network.dtype))
    was, given = (np.asarray(getattr(head, "pos_weight", None)) for head in heads)
    _must_be("pos_weight", was.tolist(), parameters.pos_weight, np.array_equal(was, given))
    same = parameters.initializer == network.initializer
    _must_be("initializer", network.initializer, parameters.initializer, same)


def _must_be(name: str, before: Any, now: Any, same: bool) -> None:
    if not same:
        raise InputError(
            f"{name} must stay {before!r} for warm_start and partial_fit, which train the network that there "
            f"is; got {now!r}. Set it back, or begin with a new network: sklearn.base.clone(estimator)."
        )


def _same_activation(one: Activation, other: Activation) -> bool:
    """Whether both are the same functions, or made from the same formula."""
    formulas = [getattr(phi, "formula", None) for phi in (one, other)]
    return one == other or (formulas[0] == formulas[1] and formulas[0] is not None)


def _hidden(activation: Any) -> Any:
    """Activations as `Network` takes them: one, or a list with one for each layer."""
    if not isinstance(activation, list):
        return NAMES.get(activation, activation) if isinstance(activation, str) else activation
    names = [NAMES.get(name, name) if isinstance(name, str) else name for name in activation]
    return names[0] if len(names) == 1 else names


def _engine(name: str, X: Any, layers: list[int], size: int, steps: int) -> str:
    """The fast engine takes no sparse rows."""
    if name == "auto" and not isinstance(X, np.ndarray):
        return "reference"
    return engine_for(name, layers, size, steps)


def _head(parameters: Any, labels: Labels, dtype: Any) -> str | Head:
    p = parameters.pos_weight
    if p is None:
        return labels.head
    if not labels.multi_label:
        raise InputError(
            f"pos_weight must be None where a sample has one class; got {p!r}. Use class_weight instead."
        )
    return as_pos_weighted(p, dtype, labels.n_outputs)


def _widths(hidden_layer_sizes: Any) -> tuple[int, ...]:
    sizes = hidden_layer_sizes
    several = isinstance(sizes, Sequence | np.ndarray) and not isinstance(sizes, str)
    widths = tuple(sizes) if several else (sizes,)
    for width in widths:
        as_whole("hidden_layer_sizes", width, remedy="Write (100,) for one hidden layer of 100.")
    return tuple(int(width) for width in widths)


def batch_size(size: Any, n_samples: int) -> int:
    """Samples in a mini-batch; "auto" is 200, or all where there are fewer."""
    if isinstance(size, str) and size == "auto":
        return min(BATCH, n_samples)
    return min(as_whole("batch_size", size, remedy="Or 'auto': 200, or all if there are fewer."), n_samples)


class Falling:
    """What scikit-learn calls an adaptive learning rate: divided by 5 when the loss no longer falls."""

    def __init__(self) -> None:
        self.share = 1.0

    def __call__(self, progress: float, epochs: int) -> float:
        """The share of the learning rate that is left."""
        return self.share


def schedule_of(parameters: Any, n_samples: int) -> tuple[Schedule, Falling | None]:
    """The schedule of ``learning_rate``, and what makes it fall if it is "adaptive"."""
    name = parameters.learning_rate
    if isinstance(name, Schedule):
        return name, None
    if name == "auto":
        return search_then_converge(), None
    if name == "adaptive":
        falling = Falling()
        return Schedule("adaptive", falling), falling
    if name == "invscaling":
        power = as_real("power_t", parameters.power_t)
        return Schedule("invscaling", partial(_invscaling_share, n_samples=n_samples, power=power)), None
    known: dict[str, Any] = {**dict.fromkeys(("auto", "constant", "invscaling", "adaptive")), **SCHEDULES}
    return look_up("learning_rate", name, known)(), None


def search_then_converge() -> Schedule:
    """η/(1 + e/100) after e epochs: nearly η at first, then like 1/e.

    It does not ask how many epochs there will be, so training in parts may go on for as long as it likes.
    Source: Darken & Moody, NIPS 1990.
    """
    return Schedule("auto", _auto_share)


def _auto_share(progress: float, epochs: int) -> float:
    return SEARCH / (SEARCH + progress)


def _invscaling_share(progress: float, epochs: int, n_samples: int, power: float) -> float:
    return float((int(progress) * n_samples + 1) ** -power)


def optimizer_of(parameters: Any) -> Optimizer:
    """The optimiser of ``solver``; "sgd" has momentum unless ``momentum=0``, as in scikit-learn."""
    solver = parameters.solver
    if isinstance(solver, Optimizer):
        return solver
    known = {name: name for name in SOLVERS}
    name = look_up("solver", solver, known)
    if name == "sgd" and parameters.momentum:
        name = "nesterov" if parameters.nesterovs_momentum else "momentum"
    maker = optimizers.OPTIMIZERS[name]
    given = {"mu": "momentum", "beta_1": "beta_1", "beta_2": "beta_2", "epsilon": "epsilon"}
    return maker(
        **{own: getattr(parameters, given[own]) for own in signature(maker).parameters if own in given}
    )


def penalty_of(parameters: Any, size: int, n_samples: int, mean_weight: float) -> Penalty:
    """scikit-learn's ``alpha`` stands beside a mini-batch's sum of losses, λ₂ beside their mean."""
    l1 = as_real("l1", parameters.l1, at_least=0)
    if isinstance(parameters.alpha, str) and parameters.alpha == "auto":
        return Penalty(l1, of_prior(n_samples * max(1.0, mean_weight)))
    alpha = as_real("alpha", parameters.alpha, at_least=0, remedy="Or 'auto'.")
    return Penalty(l1, alpha / (size * mean_weight))


def of_prior(n: float) -> float:
    """λ₂ = 1/(n σ²) beside the mean loss of n samples, of the prior N(0, σ²) on every weight.

    The maximum of the posterior is the minimum of Σᵢ Cᵢ + Σ w²/(2σ²), and n times the mean loss with Eq. P1
    is that sum. 1/σ² is 3, and 75/√n where n is above 625: more samples are worth a larger network, which is
    what a wider prior is. Samples that weigh more count as if they were there more often; weights of less
    than 1 on average, which may be shares of a whole, do not make samples fewer.
    Source: MacKay, Neural Computation 4(3), 1992, for the prior; its width was chosen on tables.
    """
    return min(NARROW, WIDER / sqrt(n)) / n


def check(parameters: Any) -> None:
    """Refuse parameters that cannot be right before any time is spent.

    Raises:
        InputError: as its message says.
    """
    for name in ("max_iter", "n_iter_no_change", "max_fun"):
        if not (name == "n_iter_no_change" and parameters.n_iter_no_change == np.inf):
            as_whole(name, getattr(parameters, name))
    as_real("tol", parameters.tol, at_least=0) if np.isfinite(parameters.tol) else None
    if parameters.early_stopping:
        as_real("validation_fraction", parameters.validation_fraction, above=0, below=1)
    if parameters.solver == "lbfgs":
        _check_lbfgs(parameters)


def _check_lbfgs(parameters: Any) -> None:
    used = [name for name in ("l1", "dropout", "clip_norm", "clip_value") if getattr(parameters, name)]
    used += ["early_stopping"] if parameters.early_stopping else []
    used += ["learning_rate"] if parameters.learning_rate not in ("auto", "constant") else []
    if used:
        raise InputError(
            f"solver='lbfgs' must do without {', '.join(used)}: it takes all samples at once and chooses its "
            "own steps along a smooth loss. Use solver='adam', or leave them out."
        )


def seed_of(random_state: np.random.RandomState) -> int:
    """A seed for initial parameters, order and dropout."""
    return int(random_state.randint(2**31 - 1))


def as_thresholds(threshold: Any, labels: Labels) -> tuple[float, ...] | None:
    """Probabilities above which a label is on, or the second of two classes is taken; None for ½.

    Raises:
        InputError: numbers outside of 0 … 1, not as many as labels, or any for more than two classes.
    """
    if isinstance(threshold, Real) and threshold == THRESHOLD:
        return None
    K = labels.n_outputs
    for_each = f"one number, or one for each of {K} labels" if labels.multi_label else "one number"
    wrong = InputError(
        f"threshold must be {for_each}, between 0 and 1; got {threshold!r}. Leave it out for ½."
    )
    try:
        given = np.asarray(threshold)
    except ValueError as error:
        raise wrong from error
    if given.dtype.kind not in "fiu" or np.ma.isMaskedArray(threshold):
        raise wrong
    values = np.full(K, given, np.float64) if given.ndim == 0 else given.astype(np.float64)
    if values.shape != (K,) or not ((values >= 0) & (values <= 1)).all():
        raise wrong
    if not labels.multi_label and len(labels.classes) != 2:
        raise InputError(
            f"threshold must be left out where there are {len(labels.classes)} classes, of which the most "
            f"probable is taken; got {threshold!r}."
        )
    return tuple(values.tolist())
