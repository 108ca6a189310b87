"""``chainrule evaluate``: how well a model does on data it has not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from chainrule.cli.options import (
    announcing,
    data_for,
    engine_options,
    load_model,
    notation_options,
    target_option,
)
from chainrule.cli.output import echo, print_json, screen

if TYPE_CHECKING:
    from chainrule.evaluation import Evaluation


@click.command(short_help="Measure how well a trained model does on data.")
@click.argument("model", type=click.Path())
@click.argument("data", required=False)
@target_option
@notation_options
@engine_options
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def evaluate(
    model: str,
    data: str | None,
    target: str | None,
    engine: str,
    threads: int | None,
    as_json: bool,
    **notation: str | None,
) -> None:
    """Print accuracy, cross-entropy, and precision, recall and F1 by class.

    MODEL is a model file or a run folder. DATA is a data set's name or a labelled file. It may be left
    out if the model was trained on a named data set; then the test set is used.
    """
    network = load_model(model, engine, threads)
    dataset = data_for(network, data, target, notation=notation)
    with announcing():
        evaluation = network.evaluate(dataset)
    if as_json:
        print_json(figures(evaluation), 2)
        return
    echo(repr(network), repr(dataset))
    show(evaluation)


def show(evaluation: Evaluation) -> None:
    """Print an evaluation: the figures of the whole, then a row for each class."""
    from rich.table import Table

    from chainrule.evaluation import loss_text

    console = screen()
    lines = [("accuracy", f"{100 * evaluation.accuracy:.2f} %")]
    if evaluation.multi_label:
        lines = [
            ("subset accuracy", lines[0][1]),
            ("Hamming loss", f"{evaluation.hamming_loss:.4f}"),
            ("F1 micro", f"{evaluation.f1_micro:.4f}"),
            ("F1 macro", f"{evaluation.f1_macro:.4f}"),
        ]
    lines.append((evaluation.loss_name, loss_text(evaluation.loss)))
    width = max(len(name) for name, _ in lines)
    for name, value in lines:
        console.print(f"{name:>{width}}  {value}")
    table = Table("label" if evaluation.multi_label else "class", box=None, pad_edge=False)
    for heading in ("precision", "recall", "F1", "samples"):
        table.add_column(heading, justify="right")
    for name, precision, recall, f1, support in evaluation.by_class:
        table.add_row(name, f"{precision:.3f}", f"{recall:.3f}", f"{f1:.3f}", f"{support:,}")
    console.print()
    console.print(table)


def figures(evaluation: Evaluation) -> dict[str, Any]:
    """Everything that is printed, as JSON can hold it. What does not apply is null."""
    return {
        "samples": evaluation.n,
        "loss_name": evaluation.loss_name,
        **{
            name: getattr(evaluation, name)
            for name in ("loss", "accuracy", "subset_accuracy", "hamming_loss", "f1_micro", "f1_macro")
        },
        "by_class": [scores._asdict() for scores in evaluation.by_class],
    }
