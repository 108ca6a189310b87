"""Mistakes in φ' (F2): a derivative written wrongly, or that of another activation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from chainrule.diagnosis.catalogue.activations import KNOWN, LEAKS
from chainrule.diagnosis.catalogue.mistakes import Mistake, mutant, slope
from chainrule.diagnosis.catalogue.output import DIRECTION
from chainrule.engines.reference import NUMPY
from chainrule.equations.activations import ACTIVATIONS, sigmoid
from chainrule.model.validate import Floats
from chainrule.proof.mutants.wrong import MUTANTS

LEAKY = ("leaky_relu", *(f"leaky_relu {leak:g}" for leak in LEAKS))
BY_Z_ALONE = ("softplus", "silu", "gelu", "identity", *LEAKY)


def _may_be_meant(name: str, hidden: str) -> bool:
    """Another leak is mistaken for a leak alone."""
    return name not in LEAKY[1:] or hidden in LEAKY or hidden == "relu"


def _slope_of(name: str) -> list[Mistake]:
    """φ' of another activation than the hidden layers have, of z or of a as people compute it."""
    other = KNOWN[name]
    return [
        Mistake(
            f"F2 slope of {name} by {letter}",
            "F2",
            ("B2",),
            change,
            f"φ' is that of {name}, but the hidden activation is another",
            f"δ^L = (W^{{L+1}})ᵀ δ^{{L+1}} ⊙ {name}'({letter}^L)",
            "φ' must be the derivative of the φ that ran on the way forward (F2).",
            DIRECTION,
            f"delta = ({{back}}) * {name}_prime({letter}[l])",
            fits=lambda model: model.hidden != name and _may_be_meant(name, model.hidden),
        )
        for letter, change in (
            ("z", slope(lambda s, L: np.asarray(other.d_phi(NUMPY, s.z[L], other.phi(NUMPY, s.z[L]))))),
            ("a", slope(lambda s, L: np.asarray(other.d_phi(NUMPY, s.a[L], s.a[L])))),
        )
        if not (letter == "a" and name in BY_Z_ALONE)
    ]


def _wrong_slope(target: str, name: str) -> Mistake:
    wrong, hidden_name = mutant(target, name), target.removeprefix("d_")
    return Mistake(
        f"F2 {target}: {name}",
        "F2",
        ("B2",),
        slope(lambda s, L: np.asarray(wrong(NUMPY, s.z[L], s.a[L]))),
        f"{hidden_name}' is wrong: {name}",
        f"φ'(z^L) computed as: {name}",
        f"The right one: {(getattr(ACTIVATIONS[hidden_name].d_phi, '__doc__', '') or '').splitlines()[0]}",
        DIRECTION,
        "return …   # in the function that computes φ'",
        fits=lambda model: model.hidden == hidden_name,
    )


def _written(
    name: str, key: str, text: str, wrong: Callable[[Floats, Floats], Floats], why: str, sign: str = ""
) -> Mistake:
    """φ' of ``name`` as people get it wrong, by z and a."""
    return Mistake(
        f"F2 d_{name}: {key}", "F2", ("B2",), slope(lambda s, L: np.asarray(wrong(s.z[L], s.a[L]))),
        f"{name}' is wrong: {key}", f"φ'(z^L) computed as: {text}", f"{why} The right one: {RIGHT_SLOPES[name]}.",
        DIRECTION, "return …   # in the function that computes φ'", fits=lambda model: model.hidden == name, evidence=sign,
    )  # fmt: skip


def _sigma(z: Floats) -> Floats:
    return np.asarray(sigmoid(NUMPY, z))


RIGHT_SLOPES = {
    "sigmoid": "σ'(z) = σ(z) (1 − σ(z)) = e^{−z} / (1 + e^{−z})²", "tanh": "tanh'(z) = 1 − tanh²(z)",
    "silu": "d/dz [z σ(z)] = σ(z) + z σ(z) (1 − σ(z))", "softplus": "softplus'(z) = σ(z)",
    "softsign": "1 / (1 + |z|)²", "arctan": "1 / (1 + z²)",
}  # fmt: skip
WRITTEN = (
    _written("sigmoid", "the square is forgotten", "e^{−z} / (1 + e^{−z})", lambda z, a: 1 - a,
             "By the quotient rule the denominator is squared.", r"exp\(\s*-"),
    _written("sigmoid", "1 − a", "1 − a", lambda z, a: 1 - a, "The factor a is missing."),
    _written("sigmoid", "a²", "a²", lambda z, a: a * a, "1/(1 + e^{−z})² lacks the e^{−z} of the inner derivative."),
    _written("sigmoid", "a − a² twice", "a (1 − a)²", lambda z, a: a * (1 - a) ** 2, "1 − a stands there once."),
    _written("tanh", "(1 − a)²", "(1 − a)²", lambda z, a: (1 - a) ** 2, "The square belongs to a alone."),
    _written("tanh", "a² − 1", "a² − 1", lambda z, a: a * a - 1, "The sign is turned round."),
    _written("silu", "only the second term", "z σ(z) (1 − σ(z))", lambda z, a: z * _sigma(z) * (1 - _sigma(z)),
             "The product rule has two terms."),
    _written("silu", "σ(z) forgotten in the second term", "σ(z) + z (1 − σ(z))",
             lambda z, a: _sigma(z) + z * (1 - _sigma(z)), "σ' is σ (1 − σ)."),
    _written("softplus", "σ (1 − σ)", "σ(z) (1 − σ(z))", lambda z, a: _sigma(z) * (1 - _sigma(z)),
             "Softplus's slope is σ itself, not σ'."),
    _written("softsign", "the square is forgotten", "1 / (1 + |z|)", lambda z, a: 1 / (1 + np.abs(z)),
             "By the quotient rule the denominator is squared."),
    _written("arctan", "the square is forgotten", "1 / (1 + z)", lambda z, a: 1 / (1 + z), "z is squared."),
)  # fmt: skip
ZERO = Mistake(
    "F2 slope zero", "F2", ("B2",), slope(lambda s, L: np.zeros_like(s.z[L])), "φ' is 0 everywhere: s * 1 - s is 0, brackets are missing",
    "φ'(z^L) computed as: s · 1 − s = 0", "× comes before −: s * (1 - s) needs its brackets.",
    "No error passes the layer: it and all layers below keep their random weights.", "return s * 1 - s",
    evidence=r"\* *1(\.0?)? *- *\w",
)  # fmt: skip
SLOPES: tuple[Mistake, ...] = (
    *(
        _wrong_slope(m.target, m.mistake)
        for m in MUTANTS
        if m.target.startswith("d_") and m.target.removeprefix("d_") in ACTIVATIONS
        and m.mistake not in ("σ' of a where z is meant", "the value, not the derivative", "slope 1 everywhere")
    ),
    ZERO,
    *WRITTEN,
)  # fmt: skip
"""φ' of the right activation, written wrongly."""
OTHER_SLOPES: tuple[Mistake, ...] = tuple(
    mistake for name in ("sigmoid", "tanh", "relu", *LEAKY) for mistake in _slope_of(name)
)
"""φ' of an activation that is not the hidden layers' own."""
