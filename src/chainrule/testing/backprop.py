"""An assertion that somebody's backpropagation is right; its message is the report of `diagnose`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from chainrule.diagnosis import Diagnosis, diagnose, diagnose_file
from chainrule.diagnosis.asking.process import SECONDS
from chainrule.diagnosis.diagnosis import RIGHT, file_and_name
from chainrule.errors import InputError


class BackpropagationError(AssertionError):
    """The gradients are wrong, or could not be asked for.

    Attributes:
        diagnosis: what was found: ``diagnosis.keys`` names the mistakes, ``diagnosis.lines`` their lines.
    """

    def __init__(self, diagnosis: Diagnosis) -> None:
        super().__init__(f"backpropagation {_verdict(diagnosis)}\n\n{diagnosis.to_text()}")
        self.diagnosis = diagnosis


def assert_backprop(
    thing: Any,
    layers: Sequence[int] | None = None,
    *,
    hidden: str | None = None,
    output: str | None = None,
    loss: str | None = None,
    criterion: Any = None,
    seconds: float = SECONDS,
) -> Diagnosis:
    """Fail unless every gradient that ``thing`` computes is right (Eqs. B1 to B4).

    ::

        def test_my_network():
            assert_backprop(Network, layers=[3, 4, 2], output="softmax")

    Args:
        thing: a function, class or object that is called here, as `diagnose` takes it; or a file, as a path
            or as text such as ``"mine.py"`` or ``"mine.py:Network"``, which is run in a process of its own.
        layers: widths of the network, input first; by default those of the object, or 4-5-3.
        hidden: the hidden activation, if it cannot be found out.
        output: "softmax", "sigmoid", "identity", …, or "quadratic": sigmoid outputs with the quadratic cost.
        loss: "cross-entropy", "categorical", "multi-label" or "quadratic".
        criterion: the loss function of a PyTorch module.
        seconds: time limit for a file, in seconds.

    Returns:
        The diagnosis, whose ``remarks`` say what is worth knowing although it is right.

    Raises:
        BackpropagationError: (an AssertionError) the gradients are wrong, or the program could not be run;
            the message is the report.
        InputError: there is no such file, or a name that is not known.
    """
    __tracebackhide__ = True  # pytest shows the line of the test instead
    options: dict[str, Any] = {"hidden": hidden, "output": output, "loss": loss}
    if isinstance(thing, str | os.PathLike):
        if criterion is not None:
            raise InputError("criterion is for a PyTorch module; got a file. Leave it out.")
        path, name = file_and_name(os.fspath(thing))
        found = diagnose_file(path, name, layers, seconds=seconds, **options)
    else:
        found = diagnose(thing, layers, criterion=criterion, **options)
    if found.verdict != RIGHT:
        raise BackpropagationError(found)
    return found


def _verdict(found: Diagnosis) -> str:
    return f"is {found.verdict}" if found.part is not None else found.verdict
