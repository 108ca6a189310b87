"""Early stopping, the split for it, and accuracy where outputs are equal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.conventions.base import Row

FALLING = [1 - 0.05 * epoch for epoch in range(15)]
FROM_NAN = [math.nan, 0.5, 0.4, 0.3, 0.2]


def stop_keras(losses: Sequence[float], **options: float) -> str:
    """After which epoch `EarlyStopping` stops, with patience 2."""
    import keras

    stopping = keras.callbacks.EarlyStopping(monitor="val_loss", patience=2, **options)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    stopping.set_model(model)
    model.stop_training = False
    stopping.on_train_begin()
    for epoch, loss in enumerate(losses, 1):
        stopping.on_epoch_end(epoch, {"val_loss": loss})
        if model.stop_training:
            return f"stops after epoch {epoch}"
    return "goes on"


def stop_ours(losses: Sequence[float]) -> str:
    """The same with our keeper of the best epoch."""
    from types import SimpleNamespace

    from chainrule import Network
    from chainrule.history import EpochRecord
    from chainrule.training.events import EpochEnd
    from chainrule.training.keeper import Keeper

    network = Network([1, 2], seed=0)
    keeper = Keeper(network, patience=2)
    for epoch, loss in enumerate(losses, 1):
        last: Any = SimpleNamespace(params=network.params)
        record = EpochRecord(epoch, loss, 0.5, loss, 0.5, 0.1, 0.0)
        if keeper.take(EpochEnd(record, last, state=last)):
            return f"stops after epoch {epoch}"
    return "goes on"


RARE = np.repeat([0, 1, 2], [96, 2, 2])
"""Labels of which two classes are rare."""


def split_sklearn() -> str:
    """The same, by what `MLPClassifier(early_stopping=True)` calls."""
    import sklearn.neural_network._multilayer_perceptron as mlp
    from sklearn.neural_network import MLPClassifier

    kept, own = [], mlp.train_test_split

    def noted(*arrays: Any, **options: Any) -> Any:
        found = own(*arrays, **options)
        kept.append(options.get("stratify") is not None)
        return found

    mlp.train_test_split = noted
    try:
        for labels in (RARE, np.minimum(RARE, 1)):
            MLPClassifier((2,), early_stopping=True, max_iter=1, random_state=0).fit(
                np.arange(100.0)[:, None], labels
            )
    finally:
        mlp.train_test_split = own
    return "; ".join(
        f"{k} classes {'stratified' if one else 'not stratified'}"
        for k, one in zip((3, 2), kept, strict=True)
    )


def strata_ours() -> str:
    """Whether the rare classes are in both parts of a split."""
    from chainrule.datasets.preparing.splitting import split_indices

    found = []
    for labels in (np.repeat([0, 1, 2], [60, 20, 20]), np.repeat([0, 1], [80, 20])):
        _, held = split_indices(labels, 0.1, 0)
        counts = np.bincount(labels[held]) / 10
        exact = np.allclose(counts, np.bincount(labels) / 100)
        found.append(f"{len(counts)} classes {'stratified' if exact else 'not stratified'}")
    return "; ".join(found)


TIED, TRUE = np.zeros((5, 3), "f"), np.array([0, 1, 2, 1, 2])


def tie_ours() -> str:
    """The accuracy of outputs that are all equal."""
    from chainrule import Network

    network = Network.from_parameters([(np.zeros((3, 2)), np.zeros(3))], output="softmax")
    return f"{network.evaluate(np.zeros((5, 2)), TRUE).accuracy:.0%}"


def tie_keras() -> str:
    import keras

    top = keras.metrics.SparseTopKCategoricalAccuracy(k=1)
    return (
        f"top-1 {float(top(TRUE, TIED)):.0%}; accuracy"
        f" {float(keras.metrics.SparseCategoricalAccuracy()(TRUE, TIED)):.0%}"
    )


def tie_sklearn() -> str:
    from sklearn.metrics import top_k_accuracy_score

    return f"top-1 {top_k_accuracy_score(TRUE, TIED, k=1):.0%}"


ROWS = [
    Row(
        "Early stopping, patience 2: the validation loss falls from 1 by 0.05 an epoch, a baseline asks"
        " for 0.1",
        "patience",
        {"chainrule": lambda: stop_ours(FALLING), "Keras": lambda: stop_keras(FALLING, baseline=0.1)},
        "Keras's baseline does not stop a run that misses it as long as the loss improves; here there is no"
        " baseline.",
    ),
    Row(
        "Early stopping, patience 2: losses NaN, 0.5, 0.4, 0.3, 0.2",
        "patience",
        {"chainrule": lambda: stop_ours(FROM_NAN), "Keras": lambda: stop_keras(FROM_NAN)},
        "Keras keeps the NaN of the first epoch as the best, so nothing is better than it.",
    ),
    Row(
        "The split for early stopping keeps the shares of the classes",
        "the validation split",
        {"chainrule": strata_ours, "scikit-learn": split_sklearn},
        "In `MLPClassifier(early_stopping=True)` a rare class may be missing on one side where there are more"
        " than two classes.",
    ),
    Row(
        "Accuracy of a network whose outputs are all equal (5 samples: classes 0, 1, 2, 1, 2)",
        "M1: the first of the largest",
        {"chainrule": tie_ours, "Keras": tie_keras, "scikit-learn": tie_sklearn},
        "A network that says nothing is perfect by Keras's top-1 accuracy; scikit-learn takes the last of"
        " equal scores.",
    ),
]
