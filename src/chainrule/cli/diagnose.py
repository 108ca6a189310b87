"""``chainrule diagnose``: which equation is wrong in a backpropagation written by hand."""

from __future__ import annotations

import sys

import click

from chainrule.cli.options import read_layers
from chainrule.cli.output import complain, print_json


def read_widths(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, ...] | None:
    """Read widths such as 3-4-2, or nothing."""
    return None if value is None else read_layers(ctx, param, value)


@click.command(short_help="Find the wrong equation in your own backpropagation.")
@click.argument("file", metavar="FILE.py[:NAME]")
@click.option(
    "--layers",
    metavar="WIDTHS",
    callback=read_widths,
    help="Widths such as 3-4-2, input first.  [default: 4-5-3]",
)
@click.option(
    "--hidden", metavar="NAME", help="Hidden activation, if it cannot be found out: sigmoid, tanh, relu, …"
)
@click.option(
    "--output",
    metavar="NAME",
    help="softmax, sigmoid, identity, or quadratic: sigmoid with the quadratic cost.",
)
@click.option(
    "--loss",
    metavar="NAME",
    help="cross-entropy, categorical, multi-label or quadratic, if the file does not say.",
)
@click.option(
    "--time-limit", type=float, default=20.0, show_default=True, help="Time limit for the file, in seconds."
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.option("--html", type=click.Path(), metavar="PAGE", help="Write the report to PAGE as well.")
def diagnose(
    file: str,
    layers: tuple[int, ...] | None,
    hidden: str | None,
    output: str | None,
    loss: str | None,
    time_limit: float,
    as_json: bool,
    html: str | None,
) -> None:
    """Find the equation, the layer and the mistake that make FILE's gradients wrong. FILE's code is run.

    NAME is a function gradients(weights, biases, x, y) or step(weights, biases, batch, learning_rate), a
    class with
    backprop(x, y), with forward and backward, or with train_step(x, y); if left out, it is searched for. The
    layout of weights, biases and samples is found out. Exit code: 0 right, 1 wrong, 2 could not run.
    """
    from chainrule.checks import as_real
    from chainrule.diagnosis import diagnose_file
    from chainrule.errors import ChainruleError
    from chainrule.files.atomic import atomic_write

    try:
        seconds = as_real("time-limit", time_limit, above=0)
        path, name = split(file)
        found = diagnose_file(path, name, layers, hidden=hidden, output=output, loss=loss, seconds=seconds)
        if html is not None:
            atomic_write(html, found.to_html())
    except (ChainruleError, OSError) as error:
        complain(error)
        sys.exit(2)
    if as_json:
        print_json(found.to_dict())
    else:
        from chainrule.cli.explain import show

        show(found.blocks())
    sys.exit(found.exit_code)


def split(file: str) -> tuple[str, str | None]:
    """FILE.py:NAME in its two parts; a drive such as C: is no name."""
    path, colon, name = file.rpartition(":")
    return (path, name) if colon and path.endswith(".py") and name else (file, None)
