"""``chainrule train``: the main job, with its options. `chainrule.cli.train_job` carries it out."""

from __future__ import annotations

import signal
from typing import Any

import click

from chainrule.cli.options import engine_options, notation_options, read_layers, target_option
from chainrule.cli.resume import open_run, telling
from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.heads import HEADS
from chainrule.equations.optimizers import OPTIMIZERS
from chainrule.model.initializers import INITIALIZERS
from chainrule.training.schedules import SCHEDULES


@click.command(
    short_help="Train a network on DATA, or on pictures of digits.",
    context_settings={"show_default": True},
)
@click.argument("data", default="digits")
@click.option(
    "--layers",
    default="30",
    metavar="N-N-…",
    callback=read_layers,
    help="Widths of all layers, such as 784-30-10, or of the hidden layers only.",
)
@click.option(
    "--hidden",
    default="sigmoid",
    metavar="NAME[,NAME…]",
    help="Activation of the hidden layers, or one for each: "
    f"{', '.join(ACTIVATIONS)}, or a formula such as 'z*tanh(softplus(z))'.",
)
@click.option(
    "--output",
    metavar="NAME",
    help=f"Output head: {', '.join(HEADS)}. [default: softmax; sigmoid where samples have several labels]",
)
@click.option(
    "--loss",
    metavar="FORMULA",
    help="A loss of your own in a and y, such as '-y*(1-a)**2*log(a)'; --output is then softmax, sigmoid "
    "or a formula in z. [default: cross-entropy]",
)
@click.option(
    "--initializer",
    default="xavier",
    metavar="NAME",
    help=f"Initial weights: {', '.join(INITIALIZERS)}.",
)
@click.option("--optimizer", default="sgd", metavar="NAME", help=f"{', '.join(OPTIMIZERS)}.")
@click.option("--learning-rate", type=float, help="Step size η. [default: the optimiser's own, 0.5 for sgd]")
@click.option(
    "--schedule",
    default="constant",
    metavar="NAME",
    help=f"How η changes over the epochs: {', '.join(SCHEDULES)}.",
)
@click.option(
    "--warm-up", type=float, default=0.0, metavar="EPOCHS", help="Raise η from 0 over this many epochs first."
)
@click.option("--batch-size", type=int, default=10, help="Samples in a mini-batch.")
@click.option("--epochs", type=int, default=30, help="Passes over the training data.")
@click.option("--l1", type=float, default=0.0, help="Strength of the L1 penalty on weights.")
@click.option("--l2", type=float, default=0.0, help="Strength of the L2 penalty on weights.")
@click.option(
    "--dropout",
    type=float,
    default=0.0,
    help="Share of hidden activations dropped in training.",
)
@click.option(
    "--label-smoothing",
    type=float,
    default=0.0,
    metavar="ε",
    help="Label smoothing: share of each label that is spread evenly.",
)
@click.option(
    "--clip-norm",
    type=float,
    metavar="LENGTH",
    help="Shorten gradients with a larger norm to this norm. [default: none]",
)
@click.option(
    "--clip-value",
    type=float,
    metavar="SIZE",
    help="Limit each entry of the gradients to this size. [default: none]",
)
@click.option(
    "--validation",
    type=float,
    default=0.1,
    metavar="FRACTION",
    help="Share of the training data held out for validation; 0 for none.",
)
@click.option(
    "--patience",
    type=int,
    metavar="EPOCHS",
    help="Early stopping: stop after this many epochs without a lower validation loss, keep the best.",
)
@click.option("--seed", type=int, default=0, help="Seed for everything random.")
@click.option(
    "--dtype",
    type=click.Choice(["float32", "float64"]),
    default="float32",
    help="Precision.",
)
@engine_options
@target_option
@click.option(
    "--categorical",
    metavar="COLUMN[,COLUMN…]",
    help="Columns of a table that hold categories, although they are numbers or many different words.",
)
@click.option("--drop", metavar="COLUMN[,COLUMN…]", help="Columns of a table to leave out.")
@notation_options
@click.option(
    "--sample-weight", metavar="COLUMN", help="Column of a table that says how much each sample counts."
)
@click.option(
    "--class-weight",
    metavar="CLASS=W[,…]",
    help="How much each class counts, such as 'no=1,yes=5', or 'balanced': every class as much as another. "
    "[default: alike]",
)
@click.option(
    "--pos-weight",
    metavar="W[,W…]",
    help="How much more a label counts where it is on: one number, or one for each of several labels. "
    "[default: 1]",
)
@click.option(
    "--stream/--no-stream",
    default=None,
    help="Read a Parquet file in blocks in every epoch. [default: if it would not fit into memory]",
)
@click.option(
    "--test-fraction",
    type=float,
    metavar="FRACTION",
    help="Share of a file held out for the final test. [default: 0.2]",
)
@click.option(
    "--run",
    "folder",
    type=click.Path(),
    metavar="DIR",
    help="Folder of this run, new or empty. [default: runs/DATA-DATE-TIME]",
)
@click.option(
    "--checkpoint-seconds",
    type=float,
    default=30.0,
    metavar="S",
    help="Seconds between two checkpoints for --resume; 0 for no checkpoints.",
)
@click.option(
    "--resume",
    type=click.Path(),
    metavar="DIR",
    help="Resume the stopped or killed run in this folder; with --epochs, train a finished run further.",
)
@click.option("--progress/--no-progress", default=None, help="Show a progress bar. [default: on a terminal]")
@click.pass_context
def train(
    ctx: click.Context,
    /,
    data: str,
    folder: str | None,
    resume: str | None,
    progress: bool | None,
    **options: Any,
) -> None:
    """Train a network on DATA and test it; with no DATA, on the digits that come with the package.

    DATA is digits, mnist, fashion-mnist, two-digits, or a file (.csv, .tsv, .parquet, .npz, idx pictures).
    A table may have gaps, and columns of words: fill values and categories are learnt from the training rows.
    """
    from chainrule.cli.train_job import carry_out

    run = None
    if resume is not None:
        run = open_run(resume, _given(ctx))
        data, options = run.about["data"]["name"], run.about["options"]
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as for Ctrl-C: keep what was learnt
    with telling():
        carry_out(data, folder, run, progress, options)


def _given(ctx: click.Context) -> dict[str, Any]:
    """The parameters that stand on the command line."""
    from click.core import ParameterSource

    defaults = (ParameterSource.DEFAULT, ParameterSource.DEFAULT_MAP)
    return {
        name: value for name, value in ctx.params.items() if ctx.get_parameter_source(name) not in defaults
    }
