"""Pieces of command line that several commands share."""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from chainrule.cli.output import echo, note
from chainrule.engines.choice import NAMES
from chainrule.errors import DataError, InputError
from chainrule.files.terminal import is_terminal

if TYPE_CHECKING:
    from chainrule.datasets import Dataset
    from chainrule.network import Network

F = TypeVar("F", bound=Callable[..., Any])

target_option = click.option(
    "--target",
    metavar="COLUMN",
    help="Label column of a table, by name or position; several, with commas, for several labels. "
    "[default: the last column]",
)


def notation_options(command: F) -> F:
    """Options ``--decimal``, ``--thousands`` and ``--missing``."""
    decimal = click.option(
        "--decimal", metavar="MARK", help="Decimal mark of a table, '.' or ','. [default: what is recognised]"
    )
    thousands = click.option(
        "--thousands",
        metavar="MARK",
        help="What sets thousands apart in a table: '.', ',', ' ', an apostrophe, or '' for nothing. "
        "[default: what is recognised]",
    )
    missing = click.option(
        "--missing",
        metavar="SIGN[,SIGN…]",
        help="What stands for a missing value in a table, beside an empty cell; '' for nothing else. "
        "[default: NA, NaN, null, None, ? and -]",
    )
    return decimal(thousands(missing(command)))


NOTATION = ("decimal", "thousands", "missing")
"""What `notation_options` gives."""


@contextmanager
def noting() -> Iterator[None]:
    """Print a `DataWarning` as a line on standard error; other warnings are shown as usual."""
    import warnings

    from chainrule.errors import DataWarning

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", DataWarning)
        yield
    for one in told:
        if issubclass(one.category, DataWarning):
            note(one.message)
        else:
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)


def engine_options(command: F) -> F:
    """Options ``--engine`` and ``--threads``."""
    engine = click.option(
        "--engine",
        type=click.Choice(NAMES),
        default="auto",
        help="What runs the equations; auto takes the fastest engine that can.",
    )
    threads = click.option(
        "--threads",
        type=click.IntRange(1),
        metavar="N",
        help="Maximum number of threads of the fast engine. [default: the fastest number]",
    )
    return engine(threads(command))


@contextmanager
def announcing() -> Iterator[None]:
    """Say on standard error, where that is a terminal, how long compiling took, if it was long."""
    from chainrule.engines.base import listening
    from chainrule.training.progress import Waiting

    waiting = Waiting()
    with listening(waiting.hear):
        yield
    if waiting.said and is_terminal(sys.stderr):
        echo(waiting.said, err=True)


def read_layers(ctx: click.Context, param: click.Parameter, value: str) -> tuple[int, ...]:
    """Read a list of widths such as 784-30-10."""
    parts = [part.strip() for part in value.split("-")]
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise click.BadParameter(
            f"widths must be whole numbers joined by dashes, like 784-30-10; got {value!r}."
        )
    return tuple(int(part) for part in parts)


def read_hidden(value: str) -> list[str]:
    """Split a list of names and formulas at the commas that stand outside of brackets."""
    parts, depth = [""], 0
    for character in value:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def read_class_weight(text: str | None) -> Any:
    """Class weights from a text such as "no=1,yes=5", or "balanced"; a part with a comma stands in quotes.

    Raises:
        InputError: a part without a number.
    """
    if text is None or text == "balanced":
        return text
    found: dict[str, float] = {}
    for part in next(csv.reader([text], skipinitialspace=True)):
        name, _, number = part.rpartition("=")
        found |= {name.strip(): _number("--class-weight", number, "Write no=1,yes=5, say.")}
    return found


def read_numbers(option: str, text: str | None) -> float | list[float] | None:
    """One number, or several joined by commas.

    Raises:
        InputError: something else.
    """
    if text is None:
        return None
    numbers = [_number(option, part, "Write 2, or 2,5 for two labels.") for part in text.split(",")]
    return numbers[0] if len(numbers) == 1 else numbers


def _number(option: str, text: str, remedy: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{option} must have a number here; got {text.strip()!r}. {remedy}") from None


def complete_layers(given: tuple[int, ...], n_features: int, n_classes: int, data: str) -> list[int]:
    """Complete a list of hidden layers by the data's widths, or check a list that names them.

    One width alone is that of a hidden layer, also where it is the number of features or classes.

    Raises:
        InputError: one end of a longer list fits the data and the other does not.
    """
    starts = len(given) > 1 and given[0] == n_features
    ends = len(given) > 1 and given[-1] == n_classes
    if starts and ends:
        return list(given)
    if starts or ends:
        wrong, must = (given[-1], n_classes) if starts else (given[0], n_features)
        end, of = ("last", "classes") if starts else ("first", "features")
        full = "-".join(map(str, (n_features, *(given[1:] if starts else given[:-1]), n_classes)))
        longer = "-".join(map(str, (n_features, *given, n_classes)))
        raise InputError(
            f"the {end} layer must have width {must}, for {data} has {must} {of}; got {wrong} in "
            f"{'-'.join(map(str, given))}. Write {full}, or {longer} if all of these are hidden layers."
        )
    return [n_features, *given, n_classes]


def load_model(path: str, engine: str = "auto", threads: int | None = None) -> Network:
    """Load a model from its file, or from the run folder that holds it; choose its engine."""
    from pathlib import Path

    from chainrule.network import Network

    place = Path(path)
    network = Network.load(place / "model.safetensors" if place.is_dir() else place)
    network.engine, network.threads = engine, threads
    return network


def data_for(
    network: Network,
    name: str | None,
    target: str | None,
    *,
    measures: bool = True,
    notation: dict[str, Any] | None = None,
) -> Dataset:
    """The data a model is asked about: the test part of a known set, or a file read as in training.

    Args:
        network: the model.
        name: the data; None for those it was trained on.
        target: the label column.
        measures: the data will measure the model, which says less if it was trained on the same file.
        notation: what the user says about how the file writes numbers.

    Raises:
        DataError: no data named, and the model names none that can be loaded again.
    """
    from chainrule import datasets

    spec = network.data
    chosen = name or (spec.name if spec is not None else None)
    if chosen in datasets.names():
        return datasets.load(str(chosen))[1]
    if name is None:
        raise DataError(
            f"data must be named unless the model was trained on {', '.join(datasets.names())}; this one was "
            f"trained on {chosen or 'arrays'}. Give a file: "
            f"chainrule {click.get_current_context().info_name} MODEL DATA."
        )
    if spec is None:
        with noting():
            return datasets.read(name, target=target, part="test", **(notation or {}))
    if measures and os.path.basename(name) == spec.name:
        note(f"the model was trained on a part of {spec.name}, and these figures include it.")
    with noting():
        return datasets.read(
            name,
            target=target or spec.target,
            features=spec.features,
            classes=spec.classes,
            scaling=spec.scaling,
            preprocessing=spec.preprocessing,
            part="test",
            **(notation or {}),
        )
