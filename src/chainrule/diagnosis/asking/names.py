"""The names that people give to the parts of their own backpropagation, read from ``names.toml``."""

from __future__ import annotations

from chainrule.files.texts import texts

NAMES = texts("diagnosis/asking/names.toml")


def _names(table: str, key: str) -> tuple[str, ...]:
    return tuple(NAMES[table][key])


GRADIENT = _names("functions", "gradient")
STEP = _names("functions", "step")
APPLY = _names("functions", "apply")
FORWARD = _names("functions", "forward")
LOSS = _names("functions", "loss")
ONE_HOT = _names("functions", "one_hot")
ACCURACY = _names("functions", "accuracy")
RATES = _names("variables", "rates")
INPUTS = _names("variables", "inputs")
TARGETS = _names("variables", "targets")
OF_FUNCTIONS = _names("asked", "of_functions")
OF_METHODS = _names("asked", "of_methods")
CONSTRUCTING = _names("asked", "constructing")
ROLES: dict[str, str] = {role: "|".join(words) for role, words in NAMES["roles"].items()}
"""What a parameter is for: a pattern of its name."""
