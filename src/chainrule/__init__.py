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
if TYPE_CHECKING:  # what is imported as itself, type checkers take for exported
    from typing import Any

    from chainrule import datasets as datasets
    from chainrule.datasets import Dataset as Dataset
    from chainrule.derivation.network import derive as derive
    from chainrule.diagnosis.diagnosis import diagnose as diagnose
    from chainrule.errors import ChainruleError as ChainruleError
    from chainrule.errors import CheckpointWarning as CheckpointWarning
    from chainrule.errors import DataError as DataError
    from chainrule.errors import DataWarning as DataWarning
    from chainrule.errors import EngineWarning as EngineWarning
    from chainrule.errors import FolderBusy as FolderBusy
    from chainrule.errors import FormulaWarning as FormulaWarning
    from chainrule.errors import InputError as InputError
    from chainrule.errors import ModelFileError as ModelFileError
    from chainrule.errors import StorageError as StorageError
    from chainrule.errors import TrainingDiverged as TrainingDiverged
    from chainrule.estimator.classifier import ChainruleClassifier as ChainruleClassifier
    from chainrule.evaluation import Evaluation as Evaluation
    from chainrule.formulas.activation import Activation as Activation
    from chainrule.formulas.head import Head as Head
    from chainrule.history import History as History
    from chainrule.network import Network as Network
    from chainrule.proof.measured.numeric import gradient_check as gradient_check
    from chainrule.training.checkpoints import Checkpoints as Checkpoints

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

__all__ = sorted([*_HOME, "datasets"])


def __getattr__(name: str) -> Any:
    return import_module("chainrule.datasets") if name == "datasets" else _find(name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


def load_ipython_extension(shell: Any) -> None:
    """What ``%load_ext chainrule`` calls: the notebook gets ``%%diagnose`` and ``%diagnose``."""
    import_module("chainrule.notebook.magics").load(shell)
