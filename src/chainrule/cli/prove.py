"""``chainrule prove``: prove the equations, by the very functions that train."""

from __future__ import annotations

import os
import sys
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from chainrule.cli.options import read_layers
from chainrule.cli.output import complain, echo, screen
from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.heads import HEADS
from chainrule.errors import InputError
from chainrule.files.terminal import is_terminal

if TYPE_CHECKING:
    from rich.text import Text

    from chainrule.proof.theorems import Result, Theorem


def read_widths(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, ...] | None:
    """Read the widths of a whole network, if there are any."""
    if value is None:
        return None
    widths = read_layers(ctx, param, value)
    if len(widths) < 2:
        raise click.BadParameter(f"a network must have two widths or more, like 2-3-2; got {value!r}.")
    return widths


WIDE = 140
"""Columns where the table goes to a file, so that its lines stay whole."""


@click.command(short_help="Prove the equations by running the functions that train.")
@click.argument("tags", nargs=-1, metavar="[TAG]...")
@click.option(
    "--layers",
    metavar="N-N-…",
    callback=read_widths,
    help="Prove one network of these widths end to end. A few neurons take seconds, ten take minutes.",
)
@click.option(
    "--hidden", metavar="NAME", help=f"Its hidden activation: {', '.join(ACTIVATIONS)}. [default: tanh]"
)
@click.option("--output", metavar="NAME", help=f"Its output head: {', '.join(HEADS)}. [default: softmax]")
def prove(
    tags: tuple[str, ...], layers: tuple[int, ...] | None, hidden: str | None, output: str | None
) -> None:
    """Prove every equation, or those with the given TAGs, such as B1 B2.

    The functions in chainrule.equations that train the network are run by SymPy and proven exactly; then
    measured in float64, and compared with JAX's automatic differentiation if JAX is installed. The tag NET
    stands for whole networks, end to end.
    """
    if layers is None and (hidden or output):
        given = "--hidden" if hidden else "--output"
        raise InputError(f"{given} must come with --layers; got it alone. Write --layers 2-3-2, say.")
    chosen = choose(tags, layers, hidden or "tanh", output or "softmax")
    compared = find_spec("jax") is not None
    started = time.perf_counter()
    results = examine_all(chosen, compared)
    show(results, compared)
    failed = [result for result in results if not result.passed]
    if failed:
        for result in failed:
            tell(result)
        sys.exit(1)
    seconds = time.perf_counter() - started
    echo(f"{len(results)} theorem{'s' * (len(results) > 1)} proven and measured in {seconds:.1f} s")


def choose(tags: tuple[str, ...], layers: tuple[int, ...] | None, hidden: str, output: str) -> list[Theorem]:
    """The theorems of the tags, the network asked for, or both."""
    from chainrule.proof.subjects.networks import network_theorem
    from chainrule.proof.theorems import select

    chosen = select(tags) if tags or layers is None else []
    return [*chosen, network_theorem(layers, hidden, output)] if layers else chosen


def examine_all(chosen: list[Theorem], compared: bool) -> list[Result]:
    """Examine one theorem after another, with a bar on standard error where that is a terminal."""
    from rich.progress import Progress

    from chainrule.proof.theorems import examine

    results = []
    with Progress(console=screen(stderr=True), transient=True, disable=not is_terminal(sys.stderr)) as bar:
        task = bar.add_task("proving", total=len(chosen))
        for theorem in chosen:
            bar.update(task, description=f"{theorem.tag} {theorem.name}")
            results.append(examine(theorem, autodiff=compared))
            bar.advance(task)
    return results


def show(results: list[Result], compared: bool) -> None:
    """Print the table."""
    from rich.table import Table

    table = Table("tag", "statement", box=None, pad_edge=False)
    for heading in ("symbolic", "float64", *(["autodiff"] if compared else [])):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("function proven", overflow="fold")
    for result in results:
        table.add_row(*row(result, compared))
    fitted = is_terminal(sys.stdout) or "COLUMNS" in os.environ
    screen(width=None if fitted else WIDE).print(table)


def row(result: Result, compared: bool) -> list[str | Text]:
    """The cells of one theorem."""
    from rich.text import Text

    theorem = result.theorem
    verdict = f"proven {result.seconds:.2f} s" if result.proven else Text("FAILED", "red")
    autodiff = ["—" if result.autodiff is None else f"{result.autodiff:.0e}"] if compared else []
    statement = f"{theorem.name}: {theorem.statement}"
    return [theorem.tag, statement, verdict, f"{result.error:.0e}", *autodiff, theorem.source()]


def tell(result: Result) -> None:
    """Name the equation that failed, and how, on standard error."""
    theorem = result.theorem
    off = max(result.error, result.autodiff or 0.0)
    why = result.failure or f"it holds in symbols, but is {off:.1e} off in float64."
    complain(f"{theorem.tag} ({theorem.name}) must hold: {theorem.statement}. It does not: {why}")
    echo(f"See {theorem.source()}.", err=True)
