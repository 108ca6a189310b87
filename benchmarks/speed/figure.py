"""The growth of cost, three panels, drawn to be read on light and dark pages and on a phone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.speed.peers import OURS, PEERS
from benchmarks.speed.report import best, present

INK = "#7d7d7d"
"""Grey that is seen on white and on black."""
STYLES = {
    OURS: ("#e8590c", "o", 2.6),
    "jax": ("#3b8eea", "s", 1.5),
    "torch": ("#c2489a", "^", 1.5),
    "sklearn": ("#2f9e63", "D", 1.5),
}
AXES = {
    "width": "width n of [784, n, 10], batch 32",
    "depth": "hidden layers of 128 neurons, batch 32",
    "batch": "batch size, [784, 128, 10]",
}


def draw(growth: Sequence[dict[str, Any]], path: Path) -> None:
    """Write the figure as SVG."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    grey = ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color")
    style: Any = dict.fromkeys(grey, INK)
    style |= {"font.size": 11, "svg.hashsalt": "growth", "axes.spines.top": False, "axes.spines.right": False}
    with mpl.rc_context(style):
        axes = {axis: label for axis, label in AXES.items() if any(p["axis"] == axis for p in growth)}
        chart = Figure(figsize=(5.2, 10 * len(axes) / len(AXES)), layout="constrained")
        panels = chart.subplots(len(axes), 1, squeeze=False)[:, 0]
        for panel, (axis, label) in zip(panels, axes.items(), strict=True):
            _panel(panel, [point for point in growth if point["axis"] == axis], label)
        handles, labels = panels[0].get_legend_handles_labels()
        chart.legend(handles, labels, loc="outside upper center", ncols=2, frameon=False)
        path.parent.mkdir(parents=True, exist_ok=True)
        chart.savefig(path, format="svg", transparent=True, metadata={"Date": None})


def _panel(panel: Any, points: Sequence[dict[str, Any]], label: str) -> None:
    from matplotlib.ticker import LogLocator

    for peer in [OURS, *(peer for peer in present(points) if peer in STYLES)]:
        entries = [(point, best(point["entries"], peer)) for point in points]
        known = [(point, entry) for point, entry in entries if entry]
        x = [point["value"] for point, _ in known]
        y = [1e6 * median(entry["seconds"]) / point["rows"] for point, entry in known]
        colour, marker, width = STYLES[peer]
        style = {"color": colour, "marker": marker, "linewidth": width, "markersize": 5}
        panel.plot(x, y, label=PEERS[peer].title, zorder=3 if peer == OURS else 2, **style)
    values = sorted({point["value"] for point in points})
    panel.set_xscale("log", base=2)
    panel.set_yscale("log")
    panel.set_xticks(values, [str(value) for value in values])
    panel.minorticks_off()
    panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    panel.yaxis.set_major_formatter("{x:g}")
    panel.grid(color=INK, alpha=0.25, linewidth=0.6)
    panel.set_xlabel(label)
    panel.set_ylabel("µs a sample")
