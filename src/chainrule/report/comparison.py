"""Runs side by side: which settings differ, the results, and whether the results really differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from chainrule.escaping.markup import html as escape
from chainrule.evaluation import decide, loss_text
from chainrule.history import best_of
from chainrule.report import charts, measures
from chainrule.report.equations import Links
from chainrule.report.learning import loss_tags, output_tag
from chainrule.report.parts import Section, Tile, figure, page, paragraph, table
from chainrule.report.svg import Line
from chainrule.runs.reading import RunFolder, command_line

SURE = 0.05
"""A p-value below this is called more than chance."""


class Fact(NamedTuple):
    """One line of the comparison: what, and its text for each run; whether it is a setting."""

    name: str
    texts: tuple[str, ...]
    setting: bool = False


class Versus(NamedTuple):
    """The best run against another, on the same samples. ``p_value`` is Holm's, where there are several."""

    best: str
    other: str
    paired: measures.Paired
    p_value: float

    def __str__(self) -> str:
        n, points = self.paired.n, 100 * self.paired.difference
        low, high = (100 * end for end in self.paired.interval)
        figures = (
            f"{points:+.2f} points (95 %: {low:+.2f} to {high:+.2f}), McNemar p = {_p(self.p_value)}, right "
            f"alone {self.paired.only_second:,} against {self.paired.only_first:,} of {n:,}"
        )
        if self.p_value < SURE:
            return f"{self.best} is better than {self.other}, by more than chance: {figures}"
        return f"{self.best} and {self.other} cannot be told apart by this test: {figures}"


def _p(p: float) -> str:
    return f"{p:.0e}" if p < 0.001 else f"{p:.3f}"


def names_of(runs: Sequence[RunFolder]) -> list[str]:
    """What to call the runs: their folders' names, or their paths where two are called alike."""
    names = [run.name for run in runs]
    return [str(run.path) if names.count(name) > 1 else name for run, name in zip(runs, names, strict=True)]


def facts(runs: Sequence[RunFolder]) -> list[Fact]:
    """Settings that are not the same in all runs, then what came out."""
    return [*_settings(runs), *_outcomes(runs)]


def _settings(runs: Sequence[RunFolder]) -> list[Fact]:
    keys = dict.fromkeys(key for run in runs for key in run.options)
    found = []
    if len({run.data for run in runs}) > 1:
        found.append(Fact("data", tuple(run.data for run in runs), True))
    for key in keys:
        texts = tuple(_text(run.options.get(key)) for run in runs)
        if len(set(texts)) > 1:
            found.append(Fact(key.replace("_", " "), texts, True))
    return found


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "-".join(map(str, value))
    return "–" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _outcomes(runs: Sequence[RunFolder]) -> list[Fact]:
    columns: dict[str, Callable[[RunFolder], str]] = {
        "parameters": lambda run: f"{run.network.n_parameters:,}" if run.network is not None else "–",
        "epochs done": _epochs,
        "best validation loss": _best,
        "test accuracy": _accuracy,
        "test loss": lambda run: loss_text(run.about["test"]["loss"]) if _tested(run) else "–",
        "calibration error": _calibration,
        "training time": lambda run: f"{run.seconds:.{1 if run.seconds >= 1 else 3}f} s",
        "engine": lambda run: str(run.about.get("engine", "–")),
    }
    return [Fact(name, tuple(map(tell, runs))) for name, tell in columns.items()]


def _tested(run: RunFolder) -> bool:
    return "loss" in run.about.get("test", {})


def _epochs(run: RunFolder) -> str:
    return f"{len(run.history)}" + ("" if run.status == "finished" else f", {run.status}")


def _best(run: RunFolder) -> str:
    found = best_of(run.history)
    return "–" if found is None else f"{found.val_loss:.4g} (epoch {found.epoch})"


def _accuracy(run: RunFolder) -> str:
    test = run.about.get("test", {})
    if not {"accuracy", "samples"} <= test.keys():
        return "–"
    accuracy, n = test["accuracy"], test["samples"]
    low, high = measures.wilson(round(accuracy * n), n)
    return f"{100 * accuracy:.2f} % ({100 * low:.1f}–{100 * high:.1f})"


def _calibration(run: RunFolder) -> str:
    if run.predictions is None:
        return "–"
    y, p = run.predictions[:2]
    bins = measures.calibration(*measures.claims(y, p, y.ndim == 2))
    return f"{measures.calibration_error(bins):.4f}"


def versus(runs: Sequence[RunFolder]) -> tuple[list[Versus], list[str]]:
    """The most accurate run against every other on the same test samples; and why some are left out."""
    names = names_of(runs)
    known = [i for i, run in enumerate(runs) if run.predictions is not None]
    notes = [
        f"{name} has no stored predictions and is not compared."
        for i, name in enumerate(names)
        if i not in known
    ]
    if len(known) < 2:
        return [], notes
    right = {i: _right(runs[i]) for i in known}
    best = max(known, key=lambda i: right[i].mean())
    found = []
    for i in known:
        if i == best:
            continue
        if _samples(runs[i]) != _samples(runs[best]):
            notes.append(
                f"{names[i]} was tested on other samples than {names[best]}: the two are not compared."
            )
            continue
        found.append((i, measures.mcnemar(right[i], right[best])))
    adjusted = holm([paired.p_value for _, paired in found])
    return [
        Versus(names[best], names[i], paired, p) for (i, paired), p in zip(found, adjusted, strict=True)
    ], notes


def _samples(run: RunFolder) -> str:
    """The checksum of the samples that a run was tested on."""
    return "" if run.predictions is None else run.predictions.checksum


def _right(run: RunFolder) -> Any:
    assert run.predictions is not None
    y, p = run.predictions[:2]
    same = decide(p, y.ndim == 2) == y
    return same.all(axis=1) if y.ndim == 2 else same


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values of several tests, raised so that all of them together err in one case in twenty.

    Source: S. Holm, Scand. J. Stat. 6, 1979.
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted, top = [1.0] * len(p_values), 0.0
    for rank, i in enumerate(order):
        top = max(top, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = top
    return adjusted


WARNING = (
    "The test tells these networks apart, not their settings: another seed makes another network of the same "
    "settings. And of several runs the best is partly the luckiest."
)


def comparison(runs: Sequence[RunFolder]) -> str:
    """The page of several runs."""
    links, names = Links(), names_of(runs)
    tests, notes = versus(runs)
    sections = [
        Section("figures", "Side by side", _table(runs, names, links)),
        Section("curves", "Learning", _curves(runs, names, links)),
        Section("test", "Do they really differ?", _tests(tests, links)),
        Section("again", "The same runs again", _again(runs, names)),
        Section("equations", "Equations", links.section()),
    ]
    tiles = [
        Tile(name, _accuracy(run).split(" (")[0], "test accuracy")
        for name, run in zip(names, runs, strict=True)
    ]
    lead = f"{len(runs)} runs on {escape(', '.join(dict.fromkeys(run.data for run in runs)))}"
    title = f"Runs: {', '.join(names)}" if len(runs) <= 4 else f"{len(runs)} runs"
    return page(title, lead, tiles[:8], notes, sections)


def _table(runs: Sequence[RunFolder], names: Sequence[str], links: Links) -> str:
    found = facts(runs)
    rows = [[escape(fact.name), *map(escape, fact.texts)] for fact in found]
    words = "Above, the settings that differ; below, what came out. In brackets: 95 % interval."
    link = links.to("fig-figures", "figures", "M1", "M5", *_loss_tags(runs))
    return figure("fig-figures", table(("", *map(escape, names)), rows), words, link)


def _loss_tags(runs: Sequence[RunFolder]) -> list[str]:
    return list(dict.fromkeys(tag for run in runs for tag in loss_tags(run)))


def curves_of(runs: Sequence[RunFolder], names: Sequence[str], column: str) -> list[Line]:
    """A curve for each run: of validation where there is one, else of training."""
    lines = []
    for i, (run, name) in enumerate(zip(runs, names, strict=True)):
        held_out = any(getattr(r, f"val_{column}") is not None for r in run.history)
        key = f"val_{column}" if held_out else column
        known = [r for r in run.history if getattr(r, key) is not None]
        dash = charts.DASHES[i // len(charts.SEVERAL) % len(charts.DASHES)]
        colour = charts.SEVERAL[i % len(charts.SEVERAL)]
        lines.append(Line([r.epoch for r in known], [getattr(r, key) for r in known], colour, name, dash))
    return lines


def _curves(runs: Sequence[RunFolder], names: Sequence[str], links: Links) -> str:
    if not any(len(run.history) for run in runs):
        return ""
    figures = []
    tags = {"loss": _loss_tags(runs), "accuracy": list(dict.fromkeys(["M1", *map(output_tag, runs)]))}
    for column in ("loss", "accuracy"):
        lines = curves_of(runs, names, column)
        chart = charts.epochs(lines, f"validation {column}", share=column == "accuracy")
        link = links.to(f"fig-{column}", column, *tags[column])
        words = "On the validation data; of a run without them, in training."
        figures.append(figure(f"fig-{column}", chart, words, link))
    shown = [(line.name, line.colour, line.dash) for line in lines]
    return f'{charts.legend(shown)}<div class="pair">{"".join(figures)}</div>'


def _tests(tests: Sequence[Versus], links: Links) -> str:
    if not tests:
        return paragraph("No two runs have predictions for the same samples.")
    rows = []
    for one in tests:
        low, high = (100 * end for end in one.paired.interval)
        verdict = "more than chance" if one.p_value < SURE else "cannot be told apart"
        rows.append(
            [escape(f"{one.best} against {one.other}"), f"{100 * one.paired.difference:+.2f}",
             f"{low:+.2f} to {high:+.2f}", f"{one.paired.only_second:,} : {one.paired.only_first:,}",
             _p(one.p_value), verdict]
        )  # fmt: skip
    head = ("", "points", "95 %", "right alone", "McNemar p", "")
    several = (
        " The p-values are corrected by Holm's method, because there are several." if len(tests) > 1 else ""
    )
    link = links.to("fig-test", "test", "M8", "M1")
    words = f"Difference of the accuracies on the same samples.{several} {WARNING}"
    return figure("fig-test", table(head, rows, words=(5,)), escape(words), link)


def _again(runs: Sequence[RunFolder], names: Sequence[str]) -> str:
    lines = ((f"# {name}", command_line(run)) for name, run in zip(names, runs, strict=True))
    return f"<pre>{chr(10).join(escape(line) for pair in lines for line in pair)}</pre>"
