"""What is looked at after each epoch: training stops when its loss no longer falls."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from chainrule.estimator.options import Falling
from chainrule.history import EpochRecord
from chainrule.network import Network
from chainrule.types import Params

SMALLEST_RATE = 1e-6
"""An adaptive learning rate ends training when it has fallen to this."""


class Watch:
    """Called with each epoch's record; returns whether to stop.

    The loss watched is the validation loss with ``by_validation``, else that of the training mini-batches.
    ``converged`` tells afterwards whether it had stopped falling.
    """

    def __init__(
        self, network: Network, tol: float, patience: float, by_validation: bool, falling: Falling | None
    ) -> None:
        self.network = network
        self.best = np.inf
        self.best_params: Params | None = None
        self.converged = False
        self._tol, self._patience = tol, patience
        self._by_validation, self._falling = by_validation, falling
        self._since = 0

    def __call__(self, record: EpochRecord) -> bool:
        """Take one epoch's record."""
        loss = record.val_loss if self._by_validation and record.val_loss is not None else record.loss
        self._since = self._since + 1 if loss > self.best - self._tol else 0
        if loss < self.best:
            self.best = loss
            if self._by_validation:
                self.best_params = self.network.params
        if self._since <= self._patience:
            return False
        if self._falling is not None and record.learning_rate > SMALLEST_RATE:
            self._falling.share /= 5
            self._since = 0
            return False
        self.converged = True
        return True


def warn_not_converged(what: str) -> None:
    """Warn, as scikit-learn does, that training ended before its loss stopped falling."""
    warnings.warn(f"{what}, or scale the inputs to mean 0 and deviation 1.", ConvergenceWarning, stacklevel=2)
