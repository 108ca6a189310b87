"""``chainrule diagnose``: which equation is wrong in a backpropagation written by hand."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import click

from chainrule.cli.options import read_layers
from chainrule.cli.output import complain, echo, print_json
from chainrule.files.terminal import is_terminal

COULD_NOT_RUN = 2


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
@click.option(
    "--watch", "watched", is_flag=True,
    help="Do it again whenever FILE, or a Python file beside it, changes; Ctrl-C ends it.",
)  # fmt: skip
def diagnose(file: str, watched: bool, time_limit: float, **options: Any) -> None:
    """Find the equation, the layer and the mistake that make FILE's gradients wrong. FILE's code is run.

    NAME is a function gradients(weights, biases, x, y) or step(weights, biases, batch, learning_rate), a
    class with
    backprop(x, y), with forward and backward, or with train_step(x, y); if left out, it is searched for. The
    layout of weights, biases and samples is found out. Exit code: 0 right, 1 wrong, 2 could not run.
    """
    from chainrule.checks import as_real
    from chainrule.diagnosis.diagnosis import file_and_name
    from chainrule.errors import ChainruleError

    try:
        options["seconds"] = as_real("time-limit", time_limit, above=0)
    except ChainruleError as error:
        complain(error)
        sys.exit(COULD_NOT_RUN)
    path, name = file_and_name(file)
    asked = partial(_report, path, name, **options)
    sys.exit(watch(Path(path), asked) if watched else asked())


def _report(path: str, name: str | None, *, as_json: bool, html: str | None, **options: Any) -> int:
    """Print one diagnosis; its exit code."""
    from chainrule.diagnosis import diagnose_file
    from chainrule.errors import ChainruleError
    from chainrule.files.atomic import atomic_write

    try:
        found = diagnose_file(path, name, **options)
        if html is not None:
            atomic_write(html, found.to_html())
    except (ChainruleError, OSError) as error:
        complain(error)
        return COULD_NOT_RUN
    if as_json:
        print_json(found.to_dict())
    else:
        from chainrule.cli.explain import show

        show(found.blocks())
    return found.exit_code


def watch(path: Path, ask: Callable[[], int], every: float = 0.3) -> int:
    """Call ``ask`` now and when a Python file in the folder changes, until Ctrl-C; its last exit code.

    ``every``: seconds between two looks. A file that is missing, as while an editor saves it, is waited for.
    """
    if not path.exists():
        return ask()
    seen: list[tuple[str, int, int]] | None = None
    code = 0
    try:
        while True:
            now = _versions(path)
            if path.exists() and now != seen:
                seen = now
                if is_terminal(sys.stdout):
                    click.clear()
                code = ask()
                sys.stdout.flush()
                echo(f"watching {path}; Ctrl-C ends it", err=True)
            time.sleep(every)
    except KeyboardInterrupt:
        echo("", err=True)
        return code


def _versions(path: Path) -> list[tuple[str, int, int]]:
    found = []
    for one in {path, *path.absolute().parent.glob("*.py")}:
        with suppress(OSError):
            state = one.stat()
            found.append((str(one), state.st_mtime_ns, state.st_size))
    return sorted(found)
