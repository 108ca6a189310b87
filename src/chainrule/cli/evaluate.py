"""``chainrule evaluate``: how well a model does on data it has not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from chainrule.cli.options import data_for, load_model, target_option

if TYPE_CHECKING:
    from chainrule.evaluation import Evaluation


@click.command(short_help="Measure how well a trained model does on data.")
@click.argument("model", type=click.Path())
@click.argument("data", required=False)
@target_option
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def evaluate(model: str, data: str | None, target: str | None, as_json: bool) -> None:
    """Print accuracy, cross-entropy, and precision, recall and F1 by class.

    MODEL is a model file or a run folder. DATA is a data set's name or a labelled file; without it, the
    test part of the data set the model was trained on is taken.
    """
    network = load_model(model)
    dataset = data_for(network, data, target)
    evaluation = network.evaluate(dataset)
    if as_json:
        import json

        click.echo(json.dumps(figures(evaluation), ensure_ascii=False, indent=2))
        return
    click.echo(repr(network))
    click.echo(repr(dataset))
    show(evaluation)


def show(evaluation: Evaluation) -> None:
    """Print an evaluation: the figures of the whole, then a row for each class."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    summary = totals(evaluation)
    width = max(map(len, summary))
    for name, value in summary.items():
        share = name.endswith("accuracy")
        console.print(f"{name:>{width}}  {100 * value:.2f} %" if share else f"{name:>{width}}  {value:.4f}")
    table = Table("label" if evaluation.multi_label else "class", box=None, pad_edge=False)
    for heading in ("precision", "recall", "F1", "samples"):
        table.add_column(heading, justify="right")
    for name, precision, recall, f1, support in evaluation.by_class:
        table.add_row(name, f"{precision:.3f}", f"{recall:.3f}", f"{f1:.3f}", f"{support:,}")
    console.print()
    console.print(table)


def totals(evaluation: Evaluation) -> dict[str, float]:
    """The figures of the whole, by the names they are printed with."""
    if evaluation.multi_label:
        return {
            "subset accuracy": evaluation.accuracy,
            "Hamming loss": evaluation.hamming_loss or 0.0,
            "F1 micro": evaluation.f1_micro or 0.0,
            "F1 macro": evaluation.f1_macro or 0.0,
            evaluation.loss_name: evaluation.loss,
        }
    return {"accuracy": evaluation.accuracy, evaluation.loss_name: evaluation.loss}


def figures(evaluation: Evaluation) -> dict[str, Any]:
    """Everything that is printed, as JSON can hold it."""
    return {
        "samples": evaluation.n,
        **totals(evaluation),
        "by_class": [scores._asdict() for scores in evaluation.by_class],
    }
