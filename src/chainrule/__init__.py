"""Backpropagation with cross-entropy: derived, proven and trained by the same equations.

    from chainrule import Network, datasets

    train, test = datasets.load("mnist")
    network = Network([784, 30, 10])
    network.fit(train, validation=test)
    print(network.evaluate(test))

Names are imported when first used, so that ``import chainrule`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module

from chainrule.about import VERSION, names_of

__version__ = VERSION

TYPE_CHECKING = False  # type checkers take it for True; typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from typing import Any

    from chainrule import datasets
    from chainrule.datasets import Dataset
    from chainrule.derivation.network import derive
    from chainrule.diagnosis.diagnosis import diagnose
    from chainrule.errors import (
        ChainruleError,
        CheckpointWarning,
        DataError,
        DataWarning,
        EngineWarning,
        FolderBusy,
        FormulaWarning,
        InputError,
        ModelFileError,
        StorageError,
        TrainingDiverged,
    )
    from chainrule.estimator.classifier import ChainruleClassifier
    from chainrule.evaluation import Evaluation
    from chainrule.formulas.activation import Activation
    from chainrule.formulas.head import Head
    from chainrule.history import History
    from chainrule.network import Network
    from chainrule.proof.measured.numeric import gradient_check
    from chainrule.training.checkpoints import Checkpoints

_HOME = {
    "Activation": "formulas.activation",
    "ChainruleClassifier": "estimator.classifier",
    "ChainruleError": "errors",
    "CheckpointWarning": "errors",
    "Checkpoints": "training.checkpoints",
    "DataError": "errors",
    "DataWarning": "errors",
    "Dataset": "datasets",
    "EngineWarning": "errors",
    "Evaluation": "evaluation",
    "FolderBusy": "errors",
    "FormulaWarning": "errors",
    "Head": "formulas.head",
    "History": "history",
    "InputError": "errors",
    "ModelFileError": "errors",
    "Network": "network",
    "StorageError": "errors",
    "TrainingDiverged": "errors",
    "derive": "derivation.network",
    "diagnose": "diagnosis.diagnosis",
    "gradient_check": "proof.measured.numeric",
}

_find, _ = names_of(__name__, _HOME)

__all__ = [
    "Activation",
    "ChainruleClassifier",
    "ChainruleError",
    "CheckpointWarning",
    "Checkpoints",
    "DataError",
    "DataWarning",
    "Dataset",
    "EngineWarning",
    "Evaluation",
    "FolderBusy",
    "FormulaWarning",
    "Head",
    "History",
    "InputError",
    "ModelFileError",
    "Network",
    "StorageError",
    "TrainingDiverged",
    "datasets",
    "derive",
    "diagnose",
    "gradient_check",
]


def __getattr__(name: str) -> Any:
    return import_module("chainrule.datasets") if name == "datasets" else _find(name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
