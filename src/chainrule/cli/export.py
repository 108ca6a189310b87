"""``chainrule export``: a model as a file for other programs."""

from __future__ import annotations

from pathlib import Path

import click

from chainrule.cli.options import load_model
from chainrule.cli.output import echo, note

ENDINGS = {"onnx": ".onnx", "numpy": ".py", "c": ".c"}


@click.command(short_help="Write a model as ONNX, as one NumPy file or as one C file.")
@click.argument("model", type=click.Path())
@click.option("--to", "to", type=click.Choice(list(ENDINGS)), required=True, help="What to write.")
@click.option(
    "--with-training",
    is_flag=True,
    help="With --to numpy: a class of this architecture that trains, too, over NumPy alone.",
)
@click.option("-o", "--out", "output", type=click.Path(), help="Where to write. [default: ./model.EXT]")
def export(model: str, to: str, with_training: bool, output: str | None) -> None:
    """Write MODEL, a model file or a run folder, so that it runs without chainrule.

    \b
    onnx    for the runtimes of most languages and devices; needs the package onnx
    numpy   one readable Python file that needs only NumPy, every line with its equation;
            --with-training adds initialization, backward pass and gradient descent
    c       one C99 file, weights included, that needs only the mathematical library

    Each file takes rows as in the training data: it fills gaps, encodes categories and scales numbers
    itself, and holds the class names.
    """  # noqa: D301
    from chainrule.exchange.export import export as write
    from chainrule.exchange.model import described
    from chainrule.exchange.training_file import left_out
    from chainrule.files.places import open_file

    network = load_model(model)
    path = output or f"model{ENDINGS[to]}"
    write(network, path, to, with_training)
    shown = open_file(path) is not None  # the export itself is on standard output
    size = f"{Path(path).stat().st_size:,} bytes, " if Path(path).is_file() and not shown else ""
    echo(f"{path}: {size}{network!r}", err=shown)
    echo(f"It takes {described(network).expects}.", err=shown)
    if with_training and (left := left_out(network)):
        note(left)
