"""Successive halving by scikit-learn, with epochs as the resource and a journal of what is done.

Source: K. Jamieson, A. Talwalkar, "Non-stochastic best arm identification and hyperparameter
optimization", AISTATS 2016.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from chainrule.datasets import Dataset
from chainrule.errors import InputError, TrainingDiverged
from chainrule.network import Network
from chainrule.tuning.journal import Fit, Journal
from chainrule.tuning.space import Settings

HELD_OUT = 0.2
"""Share of the training data that candidates are scored on."""


class OutOfTime(Exception):
    """The budget of a search is spent."""


class Rounds(NamedTuple):
    """How a search goes: (candidates, epochs) of each round."""

    each: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, candidates: int, epochs: int, factor: int) -> Rounds:
        """As many rounds as candidates or epochs allow; the last is for all epochs.

        Raises:
            InputError: too few candidates or epochs.
        """
        if candidates < 2 or epochs < 1 or factor < 2:
            raise InputError(
                "a search needs 2 candidates, 1 epoch and the factor 2 at least; got "
                f"{candidates}, {epochs} and {factor}."
            )
        count = 1 + min(int(math.log(candidates, factor) + 1e-9), int(math.log(epochs, factor) + 1e-9))
        least = epochs // factor ** (count - 1)
        left, found = candidates, []
        for i in range(count):
            found.append((left, least * factor**i))
            left = math.ceil(left / factor)
        return cls(tuple(found))

    @property
    def total(self) -> int:
        """Epochs of all fits together."""
        return sum(candidates * epochs for candidates, epochs in self.each)


class Job:
    """What every fit of a search shares; a copy is the same object."""

    def __init__(
        self,
        data: Dataset,
        settings: Sequence[Settings],
        journal: Journal,
        seed: int,
        output: str,
        seconds: float = math.inf,
        tell: Callable[[Fit, bool], Any] = lambda fit, again: None,
    ) -> None:
        self.data, self.settings, self.journal = data, settings, journal
        self.seed, self.output = seed, output
        self.ends = time.monotonic() + seconds
        self.tell = tell

    def __deepcopy__(self, memo: Any) -> Job:
        return self

    def network(self, settings: Settings) -> Network:
        """An untrained network of these settings."""
        return Network(
            [self.data.n_features, *settings.layers, self.data.n_classes],
            hidden=settings.hidden,
            output=self.output,
            initializer=settings.initializer,
            seed=self.seed,
            dtype="float32",
        )

    def train(self, candidate: int, epochs: int, X: Any, y: Any) -> tuple[Network | None, float]:
        """Train a candidate; None if it diverged. Also how many seconds it took.

        Raises:
            OutOfTime: the budget is spent.
            KeyboardInterrupt: Ctrl-C during the training.
        """
        if time.monotonic() > self.ends:
            raise OutOfTime
        settings, started = self.settings[candidate], time.perf_counter()
        network = self.network(settings)
        try:
            history = network.fit(
                X,
                y,
                epochs=epochs,
                batch_size=settings.batch_size,
                learning_rate=settings.learning_rate,
                optimizer=settings.optimizer,
                l2=settings.l2,
                dropout=settings.dropout if settings.layers else 0.0,
                progress=False,
            )
        except TrainingDiverged:
            return None, time.perf_counter() - started
        if history.stopped == "interrupted":
            raise KeyboardInterrupt
        return network, time.perf_counter() - started


def score_of(network: Network | None, X: Any, y: Any) -> tuple[float, float | None]:
    """Accuracy (micro F1 of several labels), and the mean loss, on held-out samples."""
    if network is None:
        return 0.0, None
    evaluation = network.evaluate(X, y)
    share = evaluation.f1_micro if evaluation.multi_label else evaluation.accuracy
    return float(share or 0.0), evaluation.loss


def _estimator() -> Any:
    """A class that scikit-learn's search trains and scores: by a candidate's number and its epochs."""
    from sklearn.base import BaseEstimator

    class Candidate(BaseEstimator):
        """Looks up finished fits in the journal."""

        def __init__(self, candidate: int = 0, epochs: int = 1, job: Any = None) -> None:
            self.candidate = candidate
            self.epochs = epochs
            self.job = job

        def fit(self, X: Any, y: Any) -> Any:
            """Train, unless the journal has the result."""
            self.known_ = self.job.journal.find(self.candidate, int(self.epochs))
            if self.known_ is None:
                trained = self.job.train(self.candidate, int(self.epochs), X, y)
                self.network_, self.seconds_ = trained
            return self

        def score(self, X: Any, y: Any) -> float:
            """Score on held-out samples, and store the score."""
            fit, job = self.known_, self.job
            if fit is None:
                score, loss = score_of(self.network_, X, y)
                settings = job.settings[self.candidate]
                fit = Fit(int(self.candidate), int(self.epochs), settings, score, loss, self.seconds_)
                job.journal.add(fit)
            job.tell(fit, self.known_ is not None)
            return float(fit.rank)

    return Candidate


def search(job: Job, rounds: Rounds, factor: int) -> Fit:
    """Run all rounds; fits in the journal are not repeated. Returns the best of the last round.

    Raises:
        OutOfTime: the budget is spent; finished fits are in the journal.
    """
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401
    from sklearn.model_selection import HalvingGridSearchCV

    halving = HalvingGridSearchCV(
        _estimator()(job=job),
        {"candidate": list(range(len(job.settings)))},
        factor=factor,
        resource="epochs",
        min_resources=rounds.each[0][1],
        max_resources=rounds.each[-1][1],
        cv=_split(job.data, job.seed),
        refit=False,
        return_train_score=False,
        error_score="raise",
        random_state=job.seed,
    )
    halving.fit(job.data.X, job.data.y)
    last = rounds.each[-1][1]
    return max((fit for fit in job.journal if fit.epochs == last), key=lambda fit: fit.rank)


def _split(data: Dataset, seed: int) -> Any:
    """One split, by class where samples have one class each and every class has enough members."""
    import numpy as np
    from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit

    counts = None if data.multi_label else np.bincount(data.y, minlength=data.n_classes)
    room = round(HELD_OUT * len(data)) >= data.n_classes
    stratified = counts is not None and room and counts[counts > 0].min() > 1
    kind = StratifiedShuffleSplit if stratified else ShuffleSplit
    return kind(n_splits=1, test_size=HELD_OUT, random_state=seed)
