"""``chainrule tune``: search for good settings, keep every fit, and train the best."""

from __future__ import annotations

import json
import math
import re
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chainrule.cli.options import NOTATION, notation_options, noting
from chainrule.cli.output import echo, note, screen
from chainrule.errors import DataError, InputError
from chainrule.escaping.terminal import argument, shell
from chainrule.files.terminal import is_terminal

if TYPE_CHECKING:
    from chainrule.datasets import Dataset
    from chainrule.tuning import Fit, Journal, Rounds
    from chainrule.tuning.search import Job

INTERRUPTED = 130
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
FOR_FILES = ("target", "test_fraction", "categorical", "drop", *NOTATION)
"""Options that say how a file is read, and that training the best takes over."""

SHOWN = 10
"""Rows of the table."""


def read_budget(ctx: click.Context, param: click.Parameter, value: str | None) -> float:
    """Read a time such as 90s, 10m or 1.5h, in seconds."""
    if value is None:
        return math.inf
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", value.strip().lower())
    if found is None or float(found[1]) == 0:
        raise click.BadParameter(f"must be a time such as 90s, 10m or 1.5h; got {value!r}.")
    return float(found[1]) * UNITS[found[2]]


@click.command(
    short_help="Search for good settings by successive halving.", context_settings={"show_default": True}
)
@click.argument("data", required=False)
@click.option("--candidates", type=click.IntRange(2), default=27, help="Settings to try.")
@click.option("--epochs", type=click.IntRange(1), default=54, help="Epochs of the last round.")
@click.option(
    "--factor",
    type=click.IntRange(2),
    default=3,
    help="One candidate in this many goes on to the next round.",
)
@click.option(
    "--budget", metavar="TIME", callback=read_budget, help="Stop after this time, such as 90s, 10m or 1.5h."
)
@click.option("--seed", type=int, default=0, help="Seed for candidates, split and weights.")
@click.option("--target", metavar="COLUMN", help="Label column of a table, as for train.")
@click.option("--categorical", metavar="COLUMN[,COLUMN…]", help="Columns that hold categories, as for train.")
@click.option("--drop", metavar="COLUMN[,COLUMN…]", help="Columns of a table to leave out.")
@notation_options
@click.option(
    "--test-fraction", type=float, metavar="FRACTION", help="Share of a file held out for the test."
)
@click.option(
    "--run",
    "folder",
    type=click.Path(),
    metavar="DIR",
    help="Folder of the search, new or empty. [default: runs/tune-DATA-DATE-TIME]",
)
@click.option("--resume", type=click.Path(), metavar="DIR", help="Resume the search in DIR.")
@click.option("--progress/--no-progress", default=None, help="Show a progress bar. [default: on a terminal]")
def tune(
    data: str | None,
    budget: float,
    folder: str | None,
    resume: str | None,
    progress: bool | None,
    **options: Any,
) -> None:
    """Search for good settings for DATA: widths, activation, optimiser, learning rate, batch, l2, dropout.

    All candidates are trained for a few epochs, the best third for three times as many, and so on
    (successive halving, by scikit-learn). They are scored on a validation set, a fifth of the training data;
    the test set is not touched. The best settings are then trained as `chainrule train` does, in DIR/best.

    Every finished fit is a line of DIR/tune.jsonl; --resume DIR does not repeat it.
    """
    from chainrule.files.locks import held
    from chainrule.tuning.folder import is_new, write_search

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as for Ctrl-C
    if resume is not None:
        place, about = _resumed(resume, data, folder)
        training = _load(about)
    else:
        with noting():
            training = _read(data or "digits", options)
        place, about = _new_place(data or "digits", folder), _about(data or "digits", training, options)
    with held(place):
        if resume is None:
            if not is_new(place):  # another process has been here since
                raise _taken(place)
            write_search(place, about)
        _search(place, about, training, budget, progress)


def _search(
    place: Path, about: dict[str, Any], training: Dataset, budget: float, progress: bool | None
) -> None:
    from chainrule.tuning import Journal, Rounds, candidates, search
    from chainrule.tuning.folder import JOURNAL, write_search
    from chainrule.tuning.search import Job, OutOfTime

    options = about["options"]
    rounds = Rounds.of(options["candidates"], options["epochs"], options["factor"])
    drawn = candidates(options["candidates"], options["seed"])
    journal = Journal(place / JOURNAL, drawn)
    if journal.left_out:
        lines = f"{journal.left_out} lines of {journal.path}"
        note(f"{lines} are damaged or of another search, and count as not done.")
    echo(repr(training), _plan(rounds))
    with _Bar(rounds, progress) as bar:
        job = Job(training, drawn, journal, options["seed"], _output(training), budget, bar.tell)
        best: Fit | None
        try:
            best, ended = search(job, rounds, options["factor"]), "finished"
        except (KeyboardInterrupt, OutOfTime) as reason:
            best = next(iter(journal.ranked()), None)
            ended = "out of time" if isinstance(reason, OutOfTime) else "interrupted"
    _show(journal, rounds, "F1 micro" if training.multi_label else "accuracy")
    write_search(place, {**about, "status": ended})
    if ended != "finished":
        again = shell(["chainrule", "tune", "--resume", argument(place)])
        echo(f"{ended}; {len(journal)} fits are kept. Resume with: {again}")
    if best is None or ended == "interrupted":
        sys.exit(INTERRUPTED if ended == "interrupted" else 0)
    _train_best(place, about, best, job)


def _new_place(name: str, folder: str | None) -> Path:
    """The folder of a new search, which is made; one of its own, whatever else starts at the same time."""
    from chainrule.files.atomic import storage_errors
    from chainrule.runs.folder import default_folder
    from chainrule.tuning.folder import is_new

    if folder is None:
        while True:
            place = default_folder(f"tune-{Path(name).stem}")
            with storage_errors(place):
                try:
                    place.mkdir(parents=True)
                except FileExistsError:  # another search has just taken this name
                    continue
            return place
    place = Path(folder)
    if not is_new(place):
        raise _taken(place)
    with storage_errors(place):
        place.mkdir(parents=True, exist_ok=True)
    return place


def _taken(place: Path) -> InputError:
    return InputError(
        f"a search must get a folder of its own; {place} is not empty. Name another with --run, or "
        f"resume it: {shell(['chainrule', 'tune', '--resume', argument(place)])}."
    )


def _about(name: str, training: Dataset, options: dict[str, Any]) -> dict[str, Any]:
    """What stands in the ``search.json`` of a new search."""
    data = {"name": name, "checksum": training.checksum(), "samples": len(training)}
    return {"status": "running", "data": data, "options": options}


def _resumed(resume: str, data: str | None, folder: str | None) -> tuple[Path, dict[str, Any]]:
    from chainrule.tuning.folder import read_search

    if folder is not None:
        raise InputError("--run must be left out with --resume, which names the folder; got both.")
    about = read_search(Path(resume))
    name = about["data"]["name"]
    if data not in (None, name):
        raise InputError(f"the search in {resume} is about {name}; got {data}. Leave DATA out.")
    return Path(resume), about


def _load(about: dict[str, Any]) -> Dataset:
    name = about["data"]["name"]
    with noting():
        training = _read(name, about["options"])
    if training.checksum() != about["data"]["checksum"]:
        raise DataError(
            f"{name} must be what the search began with; its checksum differs. Begin a new search."
        )
    return training


def _read(name: str, options: dict[str, Any]) -> Dataset:
    from chainrule import datasets

    given = {key: options[key] for key in FOR_FILES if options.get(key) is not None}
    return datasets.load(name, **given)[0]


def _output(training: Dataset) -> str:
    return "sigmoid" if training.multi_label else "softmax"


def _plan(rounds: Rounds) -> str:
    each = ", then ".join(f"{count} × {epochs}" for count, epochs in rounds.each)
    return f"{each} epochs: {rounds.total:,} epochs together"


class _Bar:
    """The progress of a search, by epochs; on a terminal only, unless it is asked for."""

    def __init__(self, rounds: Rounds, show: bool | None) -> None:
        self._rounds = rounds
        self._show = is_terminal(sys.stderr) if show is None else show
        self._bar: Any = None
        self._done = 0
        self._best: Fit | None = None

    def __enter__(self) -> _Bar:
        if self._show:
            from chainrule.training.progress import _make_bar

            self._bar = _make_bar()
            self._task = self._bar.add_task("searching", total=self._rounds.total, status="")
            self._bar.start()
        return self

    def __exit__(self, *reason: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def tell(self, fit: Fit, again: bool) -> None:
        """One more fit is done, or was found in the journal."""
        if self._bar is None:
            return
        self._done += fit.epochs
        if self._best is None or (fit.epochs, fit.score) >= (self._best.epochs, self._best.score):
            self._best = fit
        at = 1 + [epochs for _, epochs in self._rounds.each].index(fit.epochs)
        self._bar.update(
            self._task,
            completed=self._done,
            description=f"round {at}/{len(self._rounds.each)}",
            status=f"best {self._best.score:.2%} after {self._best.epochs} epochs",
        )


def _show(journal: Journal, rounds: Rounds, metric: str) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    heads = (metric, "loss", "epochs", "layers", "hidden", "optimizer", "η", "batch", "l2", "dropout")
    for head in heads:
        side = "left" if head in ("layers", "hidden", "optimizer") else "right"
        table.add_column(head, justify=side, no_wrap=True)  # type: ignore[arg-type]
    for fit in journal.ranked()[:SHOWN]:
        s = fit.settings
        table.add_row(
            f"{100 * fit.score:.2f} %",
            "diverged" if fit.loss is None else f"{fit.loss:.4f}",
            str(fit.epochs),
            "-".join(map(str, s.layers)),
            s.hidden,
            s.optimizer,
            f"{s.learning_rate:g}",
            str(s.batch_size),
            f"{s.l2:g}",
            f"{s.dropout:g}",
        )
    console = screen()
    console.print(table)
    hidden = len(journal.ranked()) - SHOWN
    if hidden > 0:
        console.print(f"and {hidden} more in {journal.path}", style="dim")


def _is_finished(folder: Path) -> bool:
    """Whether a training run ended there as it should."""
    try:
        status = json.loads((folder / "run.json").read_text(encoding="utf-8"))["status"]
    except (OSError, ValueError, KeyError):
        return False
    return bool(status == "finished")


def _train_best(place: Path, about: dict[str, Any], best: Fit, job: Job) -> None:
    """Train the best settings as ``chainrule train`` does, and show the line that does it."""
    from chainrule.cli.train import train
    from chainrule.runs.folder import default_folder

    options, extra = about["options"], []
    for name in FOR_FILES:
        if options.get(name) is not None:
            extra += [f"--{name.replace('_', '-')}", str(options[name])]
    ends = job.data.n_features, job.data.n_classes
    words = [argument(about["data"]["name"]), *best.settings.options(*ends), "--epochs", str(best.epochs)]
    words += ["--seed", str(options["seed"]), *extra]
    echo("", f"best:  {shell(['chainrule', 'train', *words])}", "")
    folder = place / "best"
    if _is_finished(folder):
        echo(f"trained already: {folder}")
        return
    if folder.exists():
        folder = place / default_folder("best").name
    arguments = [*words, "--run", str(folder), "--no-progress"]
    parent = click.get_current_context().parent
    with train.make_context("train", arguments, parent=parent) as inner:
        train.invoke(inner)
