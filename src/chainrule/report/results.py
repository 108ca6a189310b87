"""What a report says of the test: confusion, figures by class, calibration, mistakes, importance."""

from __future__ import annotations

import io
from base64 import b64encode
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.escaping.markup import html as escape
from chainrule.escaping.terminal import argument, shell
from chainrule.evaluation import Evaluation, decide
from chainrule.report import charts, measures
from chainrule.report.equations import Links
from chainrule.report.importance import importances
from chainrule.report.learning import output_tag
from chainrule.report.parts import bar, figure, paragraph, table
from chainrule.runs.reading import RunFolder
from chainrule.runs.records import confident_mistakes

WIDEST = 30
"""Classes that a confusion matrix is drawn for, at most."""

MOST_FEATURES = 30
MOST_MISTAKES = 24


def confusion(e: Evaluation, links: Links) -> str:
    """Which class is taken for which; for several labels, right and wrong by label."""
    if e.multi_label:
        return _label_counts(e, links)
    assert e.confusion is not None
    often = _often(e.confusion, e.classes)
    if len(e.classes) > WIDEST:
        body, words = "", f"{len(e.classes)} classes are too many for a matrix. "
    else:
        body, words = _matrix(e.confusion, e.classes), "Rows: the truth; columns: what was said. "
    link = links.to("fig-confusion", "confusion", "M1")
    return figure("fig-confusion", body, words + escape(often), link)


def _matrix(counts: NDArray[np.int64], names: tuple[str, ...]) -> str:
    off = counts - np.diag(np.diag(counts))
    most_off, rows = max(int(off.max()), 1), []
    for m, name in enumerate(names):
        cells, total = [f"<th>{escape(name)}</th>"], max(int(counts[m].sum()), 1)
        for k, count in enumerate(counts[m].tolist()):
            if not count:
                cells.append("<td></td>")
                continue
            kind, share = ("hit", count / total) if m == k else ("miss", count / most_off)
            what = "found" if m == k else f"taken for {names[k]}"
            title = escape(f"{count:,} of {name} {what}")
            cells.append(f'<td class="{kind}" style="--v:{share:.3f}" title="{title}">{count:,}</td>')
        rows.append(f"<tr>{''.join(cells)}</tr>")
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    return (
        f'<div class="scroll"><table class="matrix"><thead><tr><th></th>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _often(counts: NDArray[np.int64], names: tuple[str, ...], most: int = 3) -> str:
    off = counts - np.diag(np.diag(counts))
    places = np.argsort(-off, axis=None, kind="stable")[:most]
    pairs = [divmod(int(place), len(names)) for place in places if off.flat[place]]
    if not pairs:
        return "No mistake."
    said = ", ".join(f"{names[m]} taken for {names[k]} ({off[m, k]:,})" for m, k in pairs)
    return f"Most often: {said}."


def _label_counts(e: Evaluation, links: Links) -> str:
    y, said = e.y == 1, e.predicted == 1
    columns = [(y & said), (~y & said), (y & ~said), (~y & ~said)]
    counts = np.array([column.sum(axis=0) for column in columns])
    rows = [
        [escape(name), *(f"{count:,}" for count in counts[:, k].tolist())] for k, name in enumerate(e.classes)
    ]
    head = ("label", "found", "wrongly said", "missed", "rightly not said")
    words = "Every label by itself: true positives, false positives, false negatives, true negatives."
    return figure("fig-confusion", table(head, rows), words, links.to("fig-confusion", "confusion", "M1"))


def classes(e: Evaluation, links: Links) -> str:
    """Precision, recall and F1 of every class."""
    rows = [
        [escape(c.name), *(bar(v, f"{v:.3f}") for v in (c.precision, c.recall, c.f1)), f"{c.support:,}"]
        for c in e.by_class
    ]
    means = [float(np.mean([c[i] for c in e.by_class])) for i in (1, 2, 3)]
    rows.append(["mean", *(bar(v, f"{v:.3f}") for v in means), f"{sum(c.support for c in e.by_class):,}"])
    head = ("label" if e.multi_label else "class", "precision", "recall", "F1", "samples")
    link = links.to("fig-classes", "precision, recall, F1", "M2", "M3", "M4")
    worst = min(e.by_class, key=lambda c: c.f1)
    words = f"Lowest F1: {escape(worst.name)}, {worst.f1:.3f}."
    return figure("fig-classes", table(head, rows), words, link)


def calibration(run: RunFolder, links: Links) -> str:
    """How sure against how often right."""
    assert run.predictions is not None
    assert run.network is not None
    y, p = run.predictions[:2]
    sure, right = measures.claims(y, p, run.network.multi_label)
    bins = measures.calibration(sure, right)
    error, chance = measures.calibration_error(bins), measures.chance_error(sure)
    what = "labels" if run.network.multi_label else "predictions"
    chart = figure(
        "fig-calibration",
        charts.reliability(bins, what),
        "Points on the dotted line: what is said to be 80 % sure comes true 8 times in 10. Bars: how many "
        f"{what}; whiskers: 95 %.",
        links.to("fig-calibration", "calibration", "M5", output_tag(run)),
    )
    words = paragraph(calibration_in_words(error, chance, sure, right))
    by_label = _by_label(run, y, p) if run.network.multi_label and p.shape[1] > 1 else ""
    return f'<div class="pair"><div>{chart}</div><div>{words}{by_label}</div></div>'


def calibration_in_words(
    error: float, chance: float, sure: NDArray[np.float64], right: NDArray[np.bool_]
) -> str:
    """What the calibration error says, beside what chance alone would give."""
    gap = float(sure.mean() - right.mean())
    said = (
        f"ECE {error:.4f} in {measures.BINS} bins of equal width. Perfect calibration would show about "
        f"{chance:.4f} on {len(sure):,} claims, by chance. "
    )
    if error <= 2 * chance:
        return said + "It is within what chance gives: these data do not show that the probabilities are off."
    if abs(gap) < error / 2:
        return said + "It is too sure in some places and not sure enough in others: see the figure."
    tendency = "too sure" if gap > 0 else "not sure enough"
    calmer = " Early stopping (--patience), --l2 or --label-smoothing reduce this." if gap > 0 else ""
    return (
        f"{said}On average it says {100 * sure.mean():.1f} %, and {100 * right.mean():.1f} % come true: "
        f"{tendency}.{calmer}"
    )


def _by_label(run: RunFolder, y: NDArray[np.int64], p: NDArray[Any]) -> str:
    assert run.network is not None
    rows = []
    for k, name in enumerate(run.network.classes):
        column = p[:, k].astype(np.float64)
        bins = measures.calibration(column, y[:, k] == 1)
        rows.append(
            [escape(name), f"{measures.calibration_error(bins):.4f}", f"{measures.chance_error(column):.4f}"]
        )
    return table(("label", "ECE", "by chance"), rows)


def mistakes(run: RunFolder, links: Links) -> str:
    """The most confident mistakes, as pictures where the data are pictures."""
    assert run.predictions is not None
    assert run.network is not None
    kept, network = run.predictions, run.network
    count = len(confident_mistakes(kept.y, kept.p, network.multi_label))
    if not count:
        return paragraph(f"No mistakes in {len(kept.y):,} samples.")
    shown = kept.rows[:MOST_MISTAKES].tolist()
    shape = network.data.shape if network.data is not None else None
    items = [_mistake(run, row) for row in shown]
    if shape is not None:
        low, high = float(kept.X.min()), float(kept.X.max())
        cards = (
            f'<figure><img src="{_picture(x.reshape(shape), low, high)}" alt="row {row}: {escape(what)}">'
            f"<figcaption><b>{escape(what)}</b><br>{_in_pieces(sure)}<br>row {row}</figcaption></figure>"
            for x, row, (what, sure) in zip(kept.X, shown, items, strict=False)
        )
        body = f'<div class="cards">{"".join(cards)}</div>'
    else:
        rows = [
            [f"{row}", escape(what), escape(sure)] for row, (what, sure) in zip(shown, items, strict=True)
        ]
        body = table(("row", "truth → said", "how sure"), rows, words=(1,))
    again = ["chainrule", "explain", argument(run.path), "--index", str(shown[0])]
    words = (
        f"{len(shown)} of {count:,} mistakes in {len(kept.y):,} samples, the surest first; rows of the test "
        "part count from 0. Every number of one of them: "
        f"<code>{escape(shell(again))}</code>"
    )
    link = links.to("fig-mistakes", "mistakes", output_tag(run), "F1", "F2")
    return figure("fig-mistakes", body, words, link)


def _mistake(run: RunFolder, row: int) -> tuple[str, str]:
    """What was taken for what, and how sure that was."""
    assert run.predictions is not None
    assert run.network is not None
    y, p, names = run.predictions.y[row], run.predictions.p[row], run.network.classes
    if not run.network.multi_label:
        said = int(p.argmax())
        return f"{names[int(y)]} → {names[said]}", f"{_sure(p[said])} sure, truth {_sure(p[int(y)])}"
    said = decide(p[None], True)[0]
    worst = int(np.abs(y - p).argmax())
    sure = f"{names[worst]}: {_sure(p[worst])}"
    return f"{_labels(y, names)} → {_labels(said, names)}", sure


def _sure(p: float) -> str:
    """A probability that does not break before its sign."""
    return f"{100 * p:.1f}\N{NO-BREAK SPACE}%"


def _labels(on: NDArray[Any], names: tuple[str, ...]) -> str:
    return ", ".join(names[int(k)] for k in np.flatnonzero(on)) or "none"


def _in_pieces(text: str) -> str:
    """Parts between commas that break as a whole."""
    return " ".join(f"<span>{escape(part)}</span>" for part in text.split(", "))


def _picture(picture: NDArray[Any], low: float, high: float) -> str:
    from matplotlib.image import imsave

    content = io.BytesIO()
    imsave(content, picture, cmap="gray_r", vmin=low, vmax=high, format="png")
    return f"data:image/png;base64,{b64encode(content.getvalue()).decode()}"


def important(run: RunFolder, links: Links) -> str:
    """Which columns of a table matter; nothing for pictures or without the data."""
    if run.test is None or run.network is None or run.test.shape is not None:
        return ""
    found = importances(run.network, run.test)
    if not found:
        return ""
    most = max(found[0].mean, 1e-12)
    rows = [
        [
            escape(one.name),
            bar(one.mean / most, f"{100 * one.mean:.2f} %"),
            f"± {100 * one.deviation:.2f}",
        ]
        for one in found[:MOST_FEATURES]
    ]
    words = (
        f"Accuracy lost when one column of the test part is shuffled, mean and spread of 10 shufflings; "
        f"{min(len(found), MOST_FEATURES)} of {len(found)} columns. Columns that say the same share their "
        "importance."
    )
    link = links.to("fig-importance", "importance", "M6")
    return figure("fig-importance", table(("feature", "accuracy lost", ""), rows), words, link)
