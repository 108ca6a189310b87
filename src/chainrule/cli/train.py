"""``chainrule train``: the main job. Train a network on data and leave a run folder."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chainrule.checks import as_real
from chainrule.cli.options import complete_layers, engine_options, read_hidden, read_layers, target_option
from chainrule.cli.resume import check_data, open_run, telling
from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.heads import HEADS
from chainrule.errors import InputError, TrainingDiverged
from chainrule.initializers import INITIALIZERS
from chainrule.optimizers import OPTIMIZERS, as_optimizer
from chainrule.schedules import SCHEDULES, as_schedule, warm_up

if TYPE_CHECKING:
    from chainrule.datasets import Dataset
    from chainrule.evaluation import Evaluation
    from chainrule.formulas.head import Head
    from chainrule.history import History
    from chainrule.network import Network
    from chainrule.runs import Run

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""


@click.command(
    short_help="Train a network; with no data given, on pictures of digits.",
    context_settings={"show_default": True},
)
@click.argument("data", default="digits")
@click.option(
    "--layers",
    default="30",
    metavar="N-N-…",
    callback=read_layers,
    help="Widths: all of them, as in 784-30-10, or those of the hidden layers alone.",
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
@click.option("--warm-up", type=float, default=0.0, metavar="EPOCHS", help="Let η rise from 0 first.")
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
    help="Share of each label spread evenly.",
)
@click.option(
    "--clip-norm", type=float, metavar="LENGTH", help="Shorten longer gradients to this. [default: none]"
)
@click.option(
    "--clip-value",
    type=float,
    metavar="SIZE",
    help="Cut larger entries of gradients to this. [default: none]",
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
    help="Stop after so many epochs without a lower validation loss; keep the best network.",
)
@click.option("--seed", type=int, default=0, help="Decides everything random.")
@click.option(
    "--dtype",
    type=click.Choice(["float32", "float64"]),
    default="float32",
    help="Precision.",
)
@engine_options
@target_option
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
    help="How often a run writes what --resume goes on from; 0 for never.",
)
@click.option(
    "--resume",
    type=click.Path(),
    metavar="DIR",
    help="Go on with the run in that folder, which was stopped or killed; with --epochs, beyond its end.",
)
@click.option("--progress/--no-progress", default=None, help="Show a bar. [default: on a terminal]")
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

    DATA is digits, mnist, fashion-mnist, two-digits, or a file (.csv, .tsv, .npz, idx pictures).
    """
    run = None
    if resume is not None:
        run = open_run(resume, _given(ctx))
        data, options = run.about["data"]["name"], run.about["options"]
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as for Ctrl-C: keep what was learnt
    with telling():
        _job(data, folder, run, progress, options)


def _given(ctx: click.Context) -> dict[str, Any]:
    """The parameters that stand on the command line."""
    from click.core import ParameterSource

    defaults = (ParameterSource.DEFAULT, ParameterSource.DEFAULT_MAP)
    return {
        name: value for name, value in ctx.params.items() if ctx.get_parameter_source(name) not in defaults
    }


def _job(
    data: str, folder: str | None, run: Run | None, progress: bool | None, options: dict[str, Any]
) -> None:
    """Load, train, test, and write everything down; in a new folder, or in that of a run that goes on."""
    from chainrule.runs import begin

    training, test = _load(_place(data, run), options["target"], options["test_fraction"])
    options["output"] = options["output"] or ("sigmoid" if training.multi_label else "softmax")
    network = _network(training, data, options)
    fit_options = _fit_options(options)
    as_real("checkpoint-seconds", options["checkpoint_seconds"], at_least=0)
    if options["learning_rate"] is None:
        options["learning_rate"] = fit_options["optimizer"].learning_rate
    if run is None:
        about = {"data": _describe(data, training, test), "options": {**options, "layers": network.layers}}
        room = _room(network, fit_options)
        run = begin(folder, data, about, room[0], room[1] if options["checkpoint_seconds"] else 0)
    else:
        check_data(run, training)
    click.echo(f"{network!r}\n{training!r}")
    fit_options |= _checkpoint_options(run, options["checkpoint_seconds"])
    history = _train(network, training, run, {**fit_options, "progress": progress})
    evaluation = network.evaluate(test)
    if network.data is not None:
        # A file keeps its ending, so that digits.csv is never taken for the data set digits.
        network.data = network.data._replace(name=Path(data).name, target=options["target"])
    run.keep(network)
    run.draw(network, history, test, evaluation)
    test_figures = {"loss": evaluation.loss, "accuracy": evaluation.accuracy, "samples": evaluation.n}
    run.end(history.stopped, history, test=test_figures, engine=history.engine)
    _report(network, history, evaluation, run.folder)
    if history.stopped == "interrupted":
        if options["checkpoint_seconds"]:
            click.echo(f"to go on: chainrule train --resume {run.folder}")
        sys.exit(INTERRUPTED)


def _place(data: str, run: Run | None) -> str:
    """Where the data are: a run that goes on knows, wherever it is called from."""
    path = run.about["data"].get("path") if run else None
    return path if path is not None and Path(path).exists() else data


def _describe(data: str, training: Dataset, test: Dataset) -> dict[str, Any]:
    from chainrule import datasets

    path = {} if data in datasets.names() else {"path": str(Path(data).resolve())}
    return {
        "name": data,
        **path,
        "checksum": training.checksum(),
        "samples": len(training),
        "test": len(test),
    }


def _room(network: Network, fit_options: dict[str, Any]) -> tuple[int, int]:
    """Bytes of the model, and of a checkpoint: parameters, moments, and the best if it is watched for."""
    from chainrule.engines.reference import first_moments

    model = sum(layer.W.nbytes + layer.b.nbytes for layer in network.params)
    state = first_moments(fit_options["optimizer"], network.params)[1].W
    copies = 1 + sum(moment is not None for moment in state[1:]) + (fit_options["patience"] is not None)
    return model, copies * model


def _train(network: Network, training: Dataset, run: Run, options: dict[str, Any]) -> History:
    try:
        return network.fit(training, on_epoch=[run.epoch], **options)
    except InputError:
        run.discard()
        raise
    except TrainingDiverged as error:
        run.keep(network)
        run.end("diverged", error.history)
        raise


def _checkpoint_options(run: Run, seconds: float) -> dict[str, Any]:
    from chainrule.checkpoints import Checkpoints

    return {"checkpoint": Checkpoints(run.folder, seconds), "resume": run.resumed} if seconds else {}


def _load(data: str, target: str | None, test_fraction: float | None) -> tuple[Dataset, Dataset]:
    from chainrule import datasets

    if data in datasets.names() and (target is not None or test_fraction is not None):
        given = "--target" if target is not None else "--test-fraction"
        raise InputError(
            f"{given} must be left out for {data}, which has its own labels and test part. "
            "It is for files; leave it out."
        )
    return datasets.load(data, target=target, test_fraction=test_fraction)


def _network(training: Dataset, data: str, options: dict[str, Any]) -> Network:
    from chainrule.network import Network

    output = options["output"]
    names = read_hidden(options["hidden"])
    return Network(
        complete_layers(options["layers"], training.n_features, training.n_classes, data),
        hidden=names[0] if len(names) == 1 else names,
        output=output
        if options["loss"] is None
        else _own_head(output, options["loss"], training.multi_label),
        initializer=options["initializer"],
        seed=options["seed"],
        dtype=options["dtype"],
        engine=options["engine"],
        threads=options["threads"],
    )


def _own_head(output: str, loss: str, multi_label: bool) -> Head:
    from chainrule.formulas.head import Head

    link = "sigmoid(z)" if output == "sigmoid" else output
    return Head.from_formulas(link, loss, multi_label=multi_label)


def _fit_options(options: dict[str, Any]) -> dict[str, Any]:
    schedule = as_schedule(options["schedule"])
    rising = as_real("warm-up", options["warm_up"], at_least=0, remedy="Try 1, for one epoch.")
    if rising:
        schedule = warm_up(schedule, rising)
    same = (
        "epochs",
        "batch_size",
        "learning_rate",
        "l1",
        "l2",
        "dropout",
        "label_smoothing",
        "patience",
        "clip_norm",
        "clip_value",
    )
    return {
        **{name: options[name] for name in same},
        "optimizer": as_optimizer(options["optimizer"]),
        "schedule": schedule,
        "validation": options["validation"] or None,
    }


def _report(network: Network, history: History, evaluation: Evaluation, folder: Path) -> None:
    seconds = sum(history.column("seconds"))
    epochs = f"{len(history)} epoch{'s' if len(history) != 1 else ''}"
    why = {
        "finished": "",
        "early stopping": f", stopped early; epoch {history.best_epoch} was best and is kept",
        "interrupted": ", interrupted; what was learnt is kept",
    }.get(history.stopped, f", {history.stopped}")
    click.echo(f"trained {epochs} in {seconds:.{1 if seconds >= 1 else 2}f} s by {history.engine}{why}")
    click.echo(click.style(f"test {evaluation}", bold=True))
    if evaluation.loss > _guessing(network):
        click.echo("That is worse than guessing. Try more --epochs or a smaller --learning-rate.")
    click.echo(f"run folder: {folder}")
    if sys.stdout.isatty():
        click.echo(f"next: chainrule evaluate {folder}")


def _guessing(network: Network) -> float:
    """The loss at logits 0, where nothing is known: ln K for softmax, K ln 2 for sigmoid."""
    import numpy as np

    from chainrule.engines.reference import NUMPY

    K = network.layers[-1]
    return float(network.head.loss(NUMPY, np.zeros((1, K)), np.eye(1, K))[0])
