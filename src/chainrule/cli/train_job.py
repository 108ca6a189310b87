"""The work of ``chainrule train``: load the data, train, test, and leave a run folder."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.checks import as_real
from chainrule.cli.options import (
    NOTATION,
    complete_layers,
    noting,
    read_class_weight,
    read_hidden,
    read_numbers,
)
from chainrule.cli.output import echo
from chainrule.cli.resume import check_data
from chainrule.datasets.preparing.notation import PLAIN
from chainrule.equations.optimizers import OPTIMIZERS
from chainrule.errors import ChainruleError, InputError, TrainingDiverged, look_up
from chainrule.escaping.terminal import argument, shell
from chainrule.files.terminal import is_terminal
from chainrule.training.checkpoints import SLOTS
from chainrule.training.interrupts import noted
from chainrule.training.schedules import SCHEDULES, warm_up

if TYPE_CHECKING:
    from chainrule.datasets import Dataset, ParquetStream
    from chainrule.evaluation import Evaluation
    from chainrule.formulas.head import Head
    from chainrule.history import History
    from chainrule.network import Network
    from chainrule.runs.folder import Run

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""


def carry_out(
    data: str, folder: str | None, run: Run | None, progress: bool | None, options: dict[str, Any]
) -> None:
    """Load, train, test, and write everything down; in a new folder, or in that of a resumed run."""
    from chainrule import datasets
    from chainrule.datasets import Dataset
    from chainrule.runs.folder import begin
    from chainrule.runs.records import keep_predictions

    training, validation, test = _load(_place(data, run), options)
    if data not in datasets.names():
        options["stream"] = not isinstance(training, Dataset)  # a run that goes on reads them likewise
    options["output"] = options["output"] or _usual_output(training, data)
    network = _network(training, data, options)
    fit_options = {**_fit_options(options), "validation": validation}
    as_real("checkpoint-seconds", options["checkpoint_seconds"], at_least=0)
    if options["learning_rate"] is None:
        options["learning_rate"] = fit_options["optimizer"].learning_rate
    for text in _notes(training):
        echo(text, err=True)
    if run is None:
        about = {"data": _describe(data, training, test), "options": {**options, "layers": network.layers}}
        room = _room(network, fit_options)
        run = begin(folder, data, about, room[0], room[1] if options["checkpoint_seconds"] else 0)
    else:
        check_data(run, training)
    try:
        echo(repr(network), repr(training))
    except OSError:  # output that cannot be written leaves no run folder
        run.discard()
        raise
    fit_options |= _checkpoint_options(run, options["checkpoint_seconds"])
    with _written_down(run):
        history = _train(network, training, run, {**fit_options, "progress": progress})
        if network.data is not None:
            # A file keeps its ending, so that digits.csv is never taken for the data set digits.
            network.data = network.data._replace(name=Path(data).name, target=options["target"])
        _keep(run, network)
        evaluation = network.evaluate(test)
        keep_predictions(run.folder, network, test, evaluation)
        run.draw(network, history, test, evaluation)
        test_figures = {"loss": evaluation.loss, "accuracy": evaluation.accuracy, "samples": evaluation.n}
        run.end(history.stopped, history, test=test_figures, engine=history.engine)
    _report(network, history, evaluation, run.folder)
    if history.stopped == "interrupted":
        if options["checkpoint_seconds"]:
            echo(_how_to_resume(run))
        sys.exit(INTERRUPTED)


@contextmanager
def _written_down(run: Run) -> Iterator[None]:
    """Whatever ends the run, write so into run.json, and say what of it is safe."""
    try:
        yield
    except KeyboardInterrupt:  # after the training, which ends at its next mini-batch
        run.stop()
        echo(f"stopped; {_safe(run)}")
        sys.exit(INTERRUPTED)
    except MemoryError as error:
        run.stop()
        raise ChainruleError(
            f"the memory must suffice for training; it does not ({error or 'it ran out'}). Try a smaller "
            f"--batch-size or narrower --layers, or close other programs; {_safe(run)}."
        ) from error
    except BaseException:
        run.stop()
        raise


def _safe(run: Run) -> str:
    """What is left of a run that was stopped, and how it goes on."""
    parts = [f"the model is safe in {run.model}"] if run.kept else []
    if any((run.folder / name).exists() for name in SLOTS):
        parts.append(_how_to_resume(run))
    return "; ".join(parts) or "nothing was kept yet"


def _how_to_resume(run: Run) -> str:
    return f"to resume: chainrule train --resume {shell([argument(run.folder)])}"


def _keep(run: Run, network: Network) -> None:
    """Write the model first of all; a Ctrl-C waits until that is done."""
    with noted() as interrupted:
        run.keep(network)
    if interrupted():
        raise KeyboardInterrupt


def _place(data: str, run: Run | None) -> str:
    """Where the data are: a resumed run knows, from any working folder."""
    path = run.about["data"].get("path") if run else None
    return path if path is not None and Path(path).exists() else data


def _describe(data: str, training: Dataset | ParquetStream, test: Dataset) -> dict[str, Any]:
    from chainrule import datasets
    from chainrule.datasets import Dataset

    path = {} if data in datasets.names() else {"path": str(Path(data).resolve())}
    return {
        "name": data,
        **path,
        "checksum": training.checksum(),
        "samples": len(training),
        "test": len(test),
        **({} if isinstance(training, Dataset) else {"streamed": True}),
    }


def _room(network: Network, fit_options: dict[str, Any]) -> tuple[int, int]:
    """Bytes of the model, and of a checkpoint: parameters, moments, and the best parameters if watched."""
    from chainrule.engines.reference import first_moments

    model = sum(layer.W.nbytes + layer.b.nbytes for layer in network.params)
    state = first_moments(fit_options["optimizer"], network.params)[1].W
    copies = 1 + sum(moment is not None for moment in state[1:]) + (fit_options["patience"] is not None)
    return model, copies * model


def _train(network: Network, training: Dataset | ParquetStream, run: Run, options: dict[str, Any]) -> History:
    from chainrule.datasets import Dataset
    from chainrule.runs.records import GradientRecorder

    try:
        on_epoch: list[Any] = [run.epoch]
        if isinstance(training, Dataset):
            on_epoch.append(GradientRecorder(network, training, run.folder))
        return network.fit(training, on_epoch=on_epoch, **options)
    except InputError:
        run.discard()
        raise
    except TrainingDiverged as error:
        run.keep(network)
        run.end("diverged", error.history)
        raise


def _checkpoint_options(run: Run, seconds: float) -> dict[str, Any]:
    from chainrule.training.checkpoints import Checkpoints

    return {"checkpoint": Checkpoints(run.folder, seconds), "resume": run.resumed} if seconds else {}


def _load(
    data: str, options: dict[str, Any]
) -> tuple[Dataset | ParquetStream, Dataset | float | None, Dataset]:
    """Training data, validation data or their share, and test data."""
    from chainrule import datasets
    from chainrule.datasets.streams.parquet_stream import open_stream, should_stream

    for_files = ("target", "test_fraction", "categorical", "drop", "stream", *NOTATION)
    weight = options.get("sample_weight")
    given = [name for name in (*for_files, "sample_weight") if options.get(name) is not None]
    if data in datasets.names() and given:
        raise InputError(
            f"--{given[0].replace('_', '-')} must be left out for {data}, which has its own labels and "
            "test part. The option is for files; leave it out."
        )
    what: dict[str, Any] = {
        "target": options["target"],
        "categorical": options["categorical"] or (),
        "drop": options["drop"] or (),
        **{name: options.get(name) for name in NOTATION},  # older runs have none
    }
    share, validation = options["test_fraction"], options["validation"] or None
    with noting():
        if options["stream"] or (options["stream"] is None and should_stream(data)):
            if weight is not None:
                raise InputError(
                    f"--sample-weight must be left out where a file is read in blocks; got {weight!r}. "
                    "Read it into memory: --no-stream."
                )
            share = 0.2 if share is None else share
            return open_stream(data, **what, test_fraction=share, validation=validation, seed=options["seed"])
        training, test = datasets.load(data, test_fraction=share, weight=weight, **what)
    return training, validation, test


def _notes(training: Dataset | ParquetStream) -> Iterator[str]:
    """What was recognised about how a table's numbers are written."""
    inputs = training.preprocessing.inputs if training.preprocessing else ()
    ways: dict[str, list[str]] = {}
    for one in inputs:
        if one.categories is None and one.notation[:3] != PLAIN[:3]:
            ways.setdefault(str(one.notation), []).append(one.name)
    for way, names in ways.items():
        yield f"note: numbers {way} in {', '.join(names)}"


def _usual_output(training: Dataset | ParquetStream, data: str) -> str:
    if training.n_classes == 1:
        raise InputError(
            f"{data} must have samples of two classes at least; got {training.classes[0]!r} on every one. "
            "Name the label column with --target, or bring samples of another class."
        )
    return "sigmoid" if training.multi_label else "softmax"


def _network(training: Dataset | ParquetStream, data: str, options: dict[str, Any]) -> Network:
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
    schedule = look_up("schedule", options["schedule"], SCHEDULES)()
    rising = as_real("warm-up", options["warm_up"], at_least=0, remedy="Try 1, for one epoch.")
    if rising:
        schedule = warm_up(schedule, rising)
    same = (
        "epochs", "batch_size", "learning_rate", "l1", "l2", "dropout", "label_smoothing", "patience",
        "clip_norm", "clip_value",
    )  # fmt: skip
    return {
        **{name: options[name] for name in same},
        "optimizer": look_up("optimizer", options["optimizer"], OPTIMIZERS)(),
        "schedule": schedule,
        "class_weight": read_class_weight(options.get("class_weight")),
        "pos_weight": read_numbers("--pos-weight", options.get("pos_weight")),
    }


def _report(network: Network, history: History, evaluation: Evaluation, folder: Path) -> None:
    seconds = sum(history.column("seconds"))
    epochs = f"{len(history)} epoch{'s' if len(history) != 1 else ''}"
    why = {
        "finished": "",
        "early stopping": f", stopped early; epoch {history.best_epoch} was best and is kept",
        "interrupted": ", interrupted; what was learnt is kept",
    }.get(history.stopped, f", {history.stopped}")
    echo(f"trained {epochs} in {seconds:.{1 if seconds >= 1 else 2}f} s by {history.engine}{why}")
    echo(f"test {evaluation}", bold=True)
    if evaluation.loss > _guessing(network):
        echo("That is worse than guessing. Try more --epochs or a smaller --learning-rate.")
    echo(f"run folder: {folder}")
    if is_terminal(sys.stdout):
        echo(f"next: {shell(['chainrule', 'evaluate', argument(folder)])}")


def _guessing(network: Network) -> float:
    """The loss at logits 0, where nothing is known: ln K for softmax, K ln 2 for sigmoid."""
    import numpy as np

    from chainrule.engines.reference import NUMPY

    K = network.layers[-1]
    return float(network.head.loss(NUMPY, np.zeros((1, K)), np.eye(1, K))[0])
