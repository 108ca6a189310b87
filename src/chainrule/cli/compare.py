"""``chainrule compare``: runs side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from chainrule.cli.output import echo, print_json, screen
from chainrule.escaping.terminal import argument, shell

if TYPE_CHECKING:
    from chainrule.report import RunFolder

MOST_COLUMNS = 5
"""Runs shown side by side; more runs are shown one below the other."""


@click.command(short_help="Compare runs: settings, curves, tests.")
@click.argument("folders", metavar="RUN RUN…", nargs=-1, required=True, type=click.Path())
@click.option("--html", type=click.Path(), metavar="FILE", help="Write a page with curves as well.")
@click.option("--figure", type=click.Path(), metavar="FILE.png", help="Draw all curves into one figure.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def compare(folders: tuple[str, ...], html: str | None, figure: str | None, as_json: bool) -> None:
    """Compare runs: the settings that differ, the results, and whether the results really differ.

    If runs were tested on the same samples, the most accurate one is compared with each of the others by
    McNemar's test, which counts the samples that only one of the two gets right.
    """
    from chainrule.errors import InputError
    from chainrule.files.atomic import atomic_write
    from chainrule.report import open_run
    from chainrule.report.comparison import comparison

    if len(folders) < 2:
        raise InputError(
            f"compare takes two runs or more; got {len(folders)}. "
            f"For one, write: {shell(['chainrule', 'report', argument(folders[0])])}."
        )
    runs = [open_run(folder, with_data=False) for folder in folders]
    if html is not None:
        atomic_write(html, comparison(runs))
        echo(f"page: {html}", err=True)
    if figure is not None:
        _draw(runs, figure)
        echo(f"figure: {figure}", err=True)
    if as_json:
        print_json(as_data(runs))
    else:
        _show(runs)


def as_data(runs: list[RunFolder]) -> dict[str, Any]:
    """Everything that is printed, as JSON can hold it."""
    from chainrule.report.comparison import facts, names_of, versus

    tests, notes = versus(runs)
    return {
        "runs": names_of(runs),
        "facts": {fact.name: fact.texts for fact in facts(runs)},
        "tests": [
            {"best": one.best, "other": one.other, **one.paired._asdict(), "p_value": one.p_value}
            for one in tests
        ],
        "notes": notes,
    }


def _show(runs: list[RunFolder]) -> None:
    from rich.table import Table

    from chainrule.report.comparison import WARNING, facts, names_of, versus

    names, found = names_of(runs), facts(runs)
    console = screen()
    table = Table(box=None, pad_edge=False)
    if len(runs) <= MOST_COLUMNS:
        rows = [[fact.name, *fact.texts] for fact in found]
        heads = ["", *names]
    else:
        rows = [[name, *(fact.texts[i] for fact in found)] for i, name in enumerate(names)]
        heads = ["", *(fact.name for fact in found)]
    for place, head in enumerate(heads):
        table.add_column(head, justify="left" if place == 0 else "right", overflow="fold")
    last = sum(fact.setting for fact in found) if len(runs) <= MOST_COLUMNS else 0
    for place, row in enumerate(rows, 1):
        table.add_row(*row)
        if place == last:
            table.add_row()
    console.print(table)
    tests, notes = versus(runs)
    console.print()
    for line in (*map(str, tests), *notes):
        console.print(line)
    if tests:
        console.print(WARNING, style="dim")


def _draw(runs: list[RunFolder], path: str) -> None:
    from chainrule import plots
    from chainrule.report.comparison import names_of

    histories = {name: run.history for name, run in zip(names_of(runs), runs, strict=True)}
    loss_names = {run.network.loss_name for run in runs if run.network is not None}
    plots.save(plots.several(histories, loss_names.pop() if len(loss_names) == 1 else "loss"), path)
