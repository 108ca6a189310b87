"""Initial weights and biases of a layer, ``(rng, n_out, n_in) → Layer(W, b)`` in float64."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import TYPE_CHECKING, TypeAlias

from chainrule.types import Layer

if TYPE_CHECKING:
    from numpy.random import Generator

Initializer: TypeAlias = "Callable[[Generator, int, int], Layer]"


def normal(rng: Generator, n_out: int, n_in: int) -> Layer:
    """Weights and biases from N(0, 1), as ``randn`` gives them.

    Source: Nielsen, Neural Networks and Deep Learning, 2015, chapter 1.
    """
    return Layer(rng.standard_normal((n_out, n_in)), rng.standard_normal(n_out))


def lecun(rng: Generator, n_out: int, n_in: int) -> Layer:
    """Weights from N(0, 1/n_in), biases 0. Source: LeCun, Bottou, Orr & Müller, Efficient BackProp, 1998."""
    return _scaled(rng, n_out, n_in, sqrt(1 / n_in))


def xavier(rng: Generator, n_out: int, n_in: int) -> Layer:
    """Weights from N(0, 2/(n_in + n_out)), biases 0. Source: Glorot & Bengio, AISTATS 2010."""
    return _scaled(rng, n_out, n_in, sqrt(2 / (n_in + n_out)))


def he(rng: Generator, n_out: int, n_in: int) -> Layer:
    """Weights from N(0, 2/n_in), biases 0; made for ReLU. Source: He, Zhang, Ren & Sun, ICCV 2015."""
    return _scaled(rng, n_out, n_in, sqrt(2 / n_in))


def uniform(rng: Generator, n_out: int, n_in: int) -> Layer:
    """Weights and biases from U(−r, r), r² = 6/(n_in + n_out): the variance of `xavier`.

    With biases of 0 the kink of every ReLU of the first layer goes through the origin; random ones spread the
    kinks. Source: Glorot & Bengio, AISTATS 2010, Eq. 16, for the weights;
    the biases as in scikit-learn's MLPClassifier.
    """
    r = sqrt(6 / (n_in + n_out))
    return Layer(rng.uniform(-r, r, (n_out, n_in)), rng.uniform(-r, r, n_out))


def _scaled(rng: Generator, n_out: int, n_in: int, sd: float) -> Layer:
    from numpy import zeros

    return Layer(sd * rng.standard_normal((n_out, n_in)), zeros(n_out))


INITIALIZERS: dict[str, Initializer] = {
    "normal": normal,
    "lecun": lecun,
    "xavier": xavier,
    "he": he,
    "uniform": uniform,
}
