"""The report of one run as a page."""

from __future__ import annotations

from typing import Any

from chainrule.escaping.markup import html as escape
from chainrule.evaluation import Evaluation, loss_text
from chainrule.history import best_of
from chainrule.report import measures
from chainrule.report.equations import Links
from chainrule.report.learning import gradients, learning
from chainrule.report.parts import Section, Tile, page, settings
from chainrule.report.results import calibration, classes, confusion, important, mistakes
from chainrule.runs.reading import USUAL, RunFolder, command_line


def report(run: RunFolder) -> str:
    """The whole page of a run; what is missing in the folder is said at the top."""
    links = Links()
    evaluation = run.evaluation()
    sections = [
        Section("settings", "Settings", _settings(run)),
        Section("curves", "Learning", learning(run, links)),
        Section("gradients", "Gradients", gradients(run, links)),
    ]
    if evaluation is not None:
        sections += [
            Section(
                "classes", "Labels" if evaluation.multi_label else "Classes", _by_class(evaluation, links)
            ),
            Section("calibration", "Calibration", calibration(run, links)),
            Section("mistakes", "Mistakes", mistakes(run, links)),
            Section("importance", "Importance", important(run, links)),
        ]
    sections.append(Section("equations", "Equations", _equations(links)))
    return page(_title(run), _lead(run), _tiles(run, evaluation), _notes(run), sections)


def _by_class(evaluation: Evaluation, links: Links) -> str:
    return f'<div class="pair">{confusion(evaluation, links)}{classes(evaluation, links)}</div>'


def _title(run: RunFolder) -> str:
    return f"{run.data}: {run.name}"


def _lead(run: RunFolder) -> str:
    about = run.about
    parts = [escape(repr(run.network)) if run.network is not None else "", escape(_ended(run))]
    started = str(about.get("started", "")).replace("T", " ")[:16]
    return "<br>".join(part for part in (*parts, f"started {escape(started)}" if started else "") if part)


def _ended(run: RunFolder) -> str:
    epochs = f"{len(run.history)} epoch{'' if len(run.history) == 1 else 's'}"
    engine = f" by {run.about['engine']}" if "engine" in run.about else ""
    said = f"{epochs} in {run.seconds:.{1 if run.seconds >= 1 else 2}f} s{engine}"
    return said if run.status == "finished" else f"{said}, {run.status}"


def _notes(run: RunFolder) -> list[str]:
    notes = list(run.notes)
    if run.status == "running":
        notes.insert(0, "run.json says that the run is still going: it is, or it was killed.")
    if run.status == "diverged":
        notes.insert(
            0,
            "The run diverged: the loss became NaN or infinite. This page shows what happened before.",
        )
    return notes


def _tiles(run: RunFolder, evaluation: Evaluation | None) -> list[Tile]:
    tiles = []
    if evaluation is not None:
        tiles = [*_test_tiles(evaluation), _calibration_tile(run)]
    found = best_of(run.history)
    if found is not None:
        when = f"epoch {found.epoch} of {len(run.history)}"
        tiles.append(Tile("best validation loss", f"{found.val_loss:.4g}", when))
    if run.network is not None:
        tiles.append(
            Tile("parameters", f"{run.network.n_parameters:,}", f"trained in {_seconds(run.seconds)}")
        )
    return tiles


def _test_tiles(evaluation: Evaluation) -> list[Tile]:
    low, high = measures.wilson(round(evaluation.accuracy * evaluation.n), evaluation.n)
    name = "all labels right" if evaluation.multi_label else "test accuracy"
    tiles = [
        Tile(name, f"{100 * evaluation.accuracy:.2f} %", f"95 %: {100 * low:.1f} to {100 * high:.1f} %"),
        Tile(f"test {evaluation.loss_name}", loss_text(evaluation.loss), f"{evaluation.n:,} samples"),
    ]
    if evaluation.multi_label:
        tiles.insert(1, Tile("F1, micro", f"{evaluation.f1_micro:.3f}", f"macro {evaluation.f1_macro:.3f}"))
    return tiles


def _calibration_tile(run: RunFolder) -> Tile:
    assert run.predictions is not None
    assert run.network is not None
    y, p = run.predictions[:2]
    bins = measures.calibration(*measures.claims(y, p, run.network.multi_label))
    return Tile("calibration error", f"{measures.calibration_error(bins):.4f}", f"ECE, {measures.BINS} bins")


def _seconds(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.2g} s" if seconds < 1 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _settings(run: RunFolder) -> str:
    options = run.options
    data = run.about.get("data", {})
    pairs = [
        ("data", run.data, False),
        ("samples", f"{data.get('samples', 0):,}", False),
        ("test samples", f"{data.get('test', 0):,}", False),
        ("layers", "-".join(map(str, options.get("layers", ()))), False),
    ]
    order = ["hidden", "output", "loss", "initializer", "optimizer", "learning_rate"]
    names = [*order, *(name for name in options if name not in (*order, "layers"))]
    for name in names:
        if options.get(name) is not None:
            changed = name in USUAL and options[name] != USUAL[name]
            pairs.append((name.replace("_", " "), _value(options[name]), changed))
    bold = "Bold: not the usual setting. " if any(changed for *_, changed in pairs) else ""
    versions = run.about.get("versions", {})
    said = ", ".join(f"{name} {version}" for name, version in versions.items())
    return (
        settings(pairs)
        + f"<p class='soft'>{bold}The same run again:</p>"
        + f"<pre>{escape(command_line(run))}</pre>"
        + f"<details><summary>Versions and checksum</summary><p class='soft'>{escape(said)}<br>"
        + f"training data, SHA-256: <code>{escape(str(data.get('checksum', '?')))}</code></p></details>"
    )


def _value(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _equations(links: Links) -> str:
    lead = (
        "<p>Tags with F, H, B, G, P, Q, S and D are the derivation's: printed from the functions that "
        "trained this network. <code>chainrule derive</code> writes out every step between them, "
        "<code>chainrule prove</code> proves them. Tags with M define the measures of this report.</p>"
    )
    return lead + links.section()
