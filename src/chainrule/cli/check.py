"""``chainrule check``: whether a model's gradients are the slopes of its loss."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from chainrule.checks import as_whole
from chainrule.cli.options import data_for, load_model, target_option
from chainrule.cli.output import echo, screen

if TYPE_CHECKING:
    from chainrule.proof.measured.report import GradientReport


@click.command(
    short_help="Compare a model's gradients with differences of its loss.",
    context_settings={"show_default": True},
)
@click.argument("model", type=click.Path())
@click.argument("data", required=False)
@target_option
@click.option("--samples", type=int, default=20, help="Samples to take from the data.")
@click.option("--entries", type=int, default=20, help="Entries to compare in each W and b.")
@click.option("--seed", type=int, default=0, help="Seed for the choice of samples and entries.")
@click.option("--l1", type=float, default=0.0, help="Strength of the L1 penalty on weights.")
@click.option("--l2", type=float, default=0.0, help="Strength of the L2 penalty on weights.")
def check(
    model: str,
    data: str | None,
    target: str | None,
    samples: int,
    entries: int,
    seed: int,
    l1: float,
    l2: float,
) -> None:
    """Compare the gradients of backpropagation with centred differences of the loss, layer by layer.

    MODEL is a model file or a run folder. DATA is a data set's name or a labelled file. It may be left
    out if the model was trained on a named data set; then the test set is used. The exit code is 1 if a
    gradient is wrong.
    """
    import numpy as np

    from chainrule.proof.measured.numeric import gradient_check

    as_whole("samples", samples)
    as_whole("seed", seed, at_least=0)
    network = load_model(model)
    dataset = data_for(network, data, target, measures=False)
    order = np.random.default_rng(seed).permutation(len(dataset.X))[:samples]
    report = gradient_check(
        network, dataset.X[order], dataset.y[order], l1=l1, l2=l2, entries=entries, seed=seed
    )
    echo(repr(network), repr(dataset))
    show(report)
    if report.verdict == "wrong":
        sys.exit(1)


def show(report: GradientReport) -> None:
    """Print a report: a row for each tensor, then the conclusion."""
    from rich.table import Table

    console = screen(soft_wrap=True)
    table = Table("gradient", box=None, pad_edge=False)
    for heading in ("checked", "of", "on kinks", "relative error"):
        table.add_column(heading, justify="right")
    table.add_column("worst at")
    table.add_column("verdict")
    for row in report.rows:
        table.add_row(
            row.name,
            f"{row.checked:,}",
            f"{row.size:,}",
            f"{row.kinks:,}",
            f"{row.largest:.1e}",
            row.worst.place,
            row.verdict,
        )
    console.print(table)
    for note in report.notes:
        console.print(f"note: {note}")
    console.print(f"loss {report.loss:.6g} on {report.samples} samples")
    console.print(report.conclusion, style="bold" if report.passed else "bold red")
