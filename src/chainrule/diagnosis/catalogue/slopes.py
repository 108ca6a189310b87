"""Mistakes in φ' (F2): a derivative written wrongly, or that of another activation."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from chainrule.diagnosis.catalogue.activations import KNOWN, LEAKS
from chainrule.diagnosis.catalogue.backprop import State
from chainrule.diagnosis.catalogue.changes import slope
from chainrule.diagnosis.catalogue.mistakes import Mistake, mistake
from chainrule.diagnosis.catalogue.models import Model
from chainrule.engines.reference import NUMPY
from chainrule.equations.activations import ACTIVATIONS, sigmoid
from chainrule.model.validate import Floats
from chainrule.proof.mutants.wrong import MUTANTS, Mutant

LEAKY = ("leaky_relu", *(f"leaky_relu {leak:g}" for leak in LEAKS))
BY_Z_ALONE = ("softplus", "silu", "gelu", "identity", *LEAKY)
IN_B2 = ("σ' of a where z is meant", "the value, not the derivative", "slope 1 everywhere")
"""Mutants of φ' that are mistakes of B2: there they are found whatever the activation."""


def _slopes_of(name: str) -> Iterator[Mistake]:
    """φ' of another activation than the hidden layers have, of z or of a as people compute it."""
    other = KNOWN[name]
    slip = "slope of $other by $letter"

    def fits(model: Model) -> bool:
        """Another leak is mistaken for a leak alone."""
        likely = name not in LEAKY[1:] or model.hidden in LEAKY or model.hidden == "relu"
        return model.hidden != name and likely

    def by_z(s: State, L: int) -> Floats:
        return np.asarray(other.d_phi(NUMPY, s.z[L], other.phi(NUMPY, s.z[L])))

    def by_a(s: State, L: int) -> Floats:
        return np.asarray(other.d_phi(NUMPY, s.a[L], s.a[L]))

    yield mistake("F2", slip, slope(by_z), fits, other=name, letter="z")
    if name not in BY_Z_ALONE:
        yield mistake("F2", slip, slope(by_a), fits, other=name, letter="a")


def _mutant(m: Mutant) -> Mistake:
    """A wrong derivative that the prover must reject."""
    name = m.target.removeprefix("d_")
    right = (ACTIVATIONS[name].d_phi.__doc__ or "").splitlines()[0]
    return mistake(
        "F2",
        "$target: $wrong",
        slope(lambda s, L: np.asarray(m.wrong(NUMPY, s.z[L], s.a[L]))),
        lambda model: model.hidden == name,
        target=m.target,
        wrong=m.mistake,
        hidden=name,
        right=right,
    )


def _written(name: str, slip: str, wrong: Callable[[Floats, Floats], Floats]) -> Mistake:
    """φ' of ``name`` as people get it wrong, by z and a."""
    change = slope(lambda s, L: np.asarray(wrong(s.z[L], s.a[L])))
    return mistake("F2", f"d_{name}: {slip}", change, lambda model: model.hidden == name)


def _sigma(z: Floats) -> Floats:
    return np.asarray(sigmoid(NUMPY, z))


WRITTEN = (
    _written("sigmoid", "the square is forgotten", lambda z, a: 1 - a),
    _written("sigmoid", "1 − a", lambda z, a: 1 - a),
    _written("sigmoid", "a²", lambda z, a: a * a),
    _written("sigmoid", "a − a² twice", lambda z, a: a * (1 - a) ** 2),
    _written("tanh", "(1 − a)²", lambda z, a: (1 - a) ** 2),
    _written("tanh", "a² − 1", lambda z, a: a * a - 1),
    _written("silu", "only the second term", lambda z, a: z * _sigma(z) * (1 - _sigma(z))),
    _written("silu", "σ(z) forgotten in the second term", lambda z, a: _sigma(z) + z * (1 - _sigma(z))),
    _written("softplus", "σ (1 − σ)", lambda z, a: _sigma(z) * (1 - _sigma(z))),
    _written("softsign", "the square is forgotten", lambda z, a: 1 / (1 + np.abs(z))),
    _written("arctan", "the square is forgotten", lambda z, a: 1 / (1 + z)),
)
SLOPES: tuple[Mistake, ...] = (
    *(
        _mutant(m)
        for m in MUTANTS
        if m.target.startswith("d_") and m.target[2:] in ACTIVATIONS and m.mistake not in IN_B2
    ),
    mistake("F2", "slope zero", slope(lambda s, L: np.zeros_like(s.z[L]))),
    *WRITTEN,
)
"""φ' of the right activation, written wrongly."""
OTHER_SLOPES: tuple[Mistake, ...] = tuple(
    one for name in ("sigmoid", "tanh", "relu", *LEAKY) for one in _slopes_of(name)
)
"""φ' of an activation that is not the hidden layers' own."""
