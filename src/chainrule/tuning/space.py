"""The settings that a search tries: the usual ones, drawn from a seed."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from chainrule.equations import optimizers

WIDTHS = ((30,), (64,), (128,), (256,), (64, 64), (128, 64), (128, 128), (256, 128))
HIDDEN = {"relu": "he", "tanh": "xavier", "silu": "he"}
"""Activations, each with the initial weights made for it."""

OPTIMIZERS = ("sgd", "momentum", "adam")
RATE = (-1.3, 0.5)
"""The learning rate, as a power of ten times the optimiser's usual one, is uniform between these."""

BATCHES = (10, 32, 64, 128)
L2 = (0.0, 1e-5, 1e-4, 1e-3)
DROPOUT = (0.0, 0.0, 0.1, 0.25, 0.5)


class Settings(NamedTuple):
    """One candidate. ``layers``: the widths of the hidden layers."""

    layers: tuple[int, ...]
    hidden: str
    initializer: str
    optimizer: str
    learning_rate: float
    batch_size: int
    l2: float
    dropout: float

    def options(self, n_inputs: int, n_outputs: int) -> list[str]:
        """As options of ``chainrule train``; what is off is left out."""
        words = ["--layers", "-".join(map(str, (n_inputs, *self.layers, n_outputs)))]
        for name in ("hidden", "initializer", "optimizer", "learning_rate", "batch_size"):
            words += [f"--{name.replace('_', '-')}", _text(getattr(self, name))]
        for name in ("l2", "dropout"):
            if getattr(self, name):
                words += [f"--{name}", _text(getattr(self, name))]
        return words


USUAL = Settings((30,), "sigmoid", "xavier", "sgd", 0.5, 10, 0.0, 0.0)
"""The default settings of ``chainrule train``."""


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def candidates(count: int, seed: int) -> list[Settings]:
    """The usual settings first, then ``count`` − 1 drawn ones, all different; the same for the same seed."""
    rng = np.random.default_rng(seed)
    found = [USUAL]
    while len(found) < count:
        drawn = _drawn(rng)
        if drawn not in found:
            found.append(drawn)
    return found[:count]


def _drawn(rng: np.random.Generator) -> Settings:
    hidden = str(rng.choice(list(HIDDEN)))
    optimizer = str(rng.choice(OPTIMIZERS))
    rate = optimizers.OPTIMIZERS[optimizer]().learning_rate * 10 ** rng.uniform(*RATE)
    return Settings(
        WIDTHS[rng.integers(len(WIDTHS))],
        hidden,
        HIDDEN[hidden],
        optimizer,
        float(f"{rate:.2g}"),
        int(rng.choice(BATCHES)),
        float(rng.choice(L2)),
        float(rng.choice(DROPOUT)),
    )
