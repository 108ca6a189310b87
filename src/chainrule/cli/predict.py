"""``chainrule predict``: class and probabilities for every row of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from chainrule.cli.options import announcing, engine_options, load_model, notation_options, noting
from chainrule.cli.output import echo, note, print_data
from chainrule.errors import InputError
from chainrule.escaping.tables import csv_field

if TYPE_CHECKING:
    from chainrule.model.dataspec import DataSpec
    from chainrule.network import Network


@click.command(short_help="Write class and probabilities for every row of a file.")
@click.argument("model", type=click.Path())
@click.argument("file", type=click.Path())
@click.option("-o", "--out", "output", type=click.Path(), help="Where to write. [default: standard output]")
@notation_options
@engine_options
def predict(
    model: str, file: str, output: str | None, engine: str, threads: int | None, **notation: Any
) -> None:
    """Write a CSV with a row for every row of FILE: the predicted class, and the probability of each class.

    MODEL is a model file or a run folder. FILE holds raw rows like the training file (.csv, .tsv,
    .parquet, .npz, idx pictures), also with gaps and words. Columns are found by name if there is a header,
    and labels are not needed.
    """
    from chainrule import datasets
    from chainrule.files.atomic import atomic_write

    network = load_model(model, engine, threads)
    spec = network.data
    targets = spec.target.split(",") if spec and spec.target else []
    with noting():
        X = datasets.read_features(
            file,
            n_features=network.layers[0],
            features=spec.features if spec else None,
            ignore=targets,
            preprocessing=spec.preprocessing if spec else None,
            **notation,
        )
    _note_extra_columns(file, spec, targets)
    if len(X) == 0:
        raise InputError(f"{file} must hold at least one row; got none. Check the file.")
    with announcing():
        table = predictions(network, spec.scaling(X, network.dtype) if spec else X)
    if output is None:
        print_data(table)
    else:
        atomic_write(output, table)
        echo(f"{len(X):,} predictions written to {output}", err=True)


def _note_extra_columns(file: str, spec: DataSpec | None, targets: list[str]) -> None:
    """Say which columns of the file are not the model's."""
    from chainrule.datasets.tables.reading import extra_columns

    wanted = spec.preprocessing.names if spec and spec.preprocessing else spec.features if spec else None
    extra = extra_columns(file, wanted, [target.strip() for target in targets]) if wanted else ()
    if not targets and spec is not None and len(extra) == 1:  # the label column, most likely
        return
    if extra:
        which = "column" if len(extra) == 1 else "columns"
        note(f"{which} {', '.join(extra)} of {file} ignored: not the model's.")


def predictions(network: Network, X: Any) -> str:
    """A CSV: the predicted class (or labels, joined by spaces), then the probability of each."""
    from chainrule.evaluation import decide

    probabilities = network.predict_proba(X)
    predicted = decide(probabilities, network.multi_label, network.threshold)
    heads = ["labels" if network.multi_label else "class", *(f"p({name})" for name in network.classes)]
    lines = [",".join(map(csv_field, heads))]
    fields = [csv_field(name) for name in network.classes]
    for said, row in zip(predicted, probabilities, strict=True):
        if network.multi_label:
            on = (name for name, on in zip(network.classes, said, strict=True) if on)
            field = csv_field(" ".join(on))
        else:
            field = fields[said]
        lines.append(",".join([field, *(f"{p:.6g}" for p in row)]))
    return "\n".join([*lines, ""])
