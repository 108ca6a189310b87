"""From what was measured to tables: medians, ratios, GFLOP/s and shares."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any, NamedTuple

from benchmarks.speed.peers import OURS, PEERS

Result = dict[str, Any]

DOCTOR = ("engine", "reason", "threads", "vector_bits", "processor")
"""What of the doctor's findings is worth repeating."""


def markdown(results: Result) -> str:
    """All tables that there are results for."""
    parts = [head(results)]
    if results["training"]:
        parts += [
            training_table(results),
            settings_table(results["training"]),
            tried_table(results["training"]),
        ]
    if results["prediction"]:
        parts.append(prediction_table(results["prediction"]))
    if results["process"]:
        parts.append(process_table(results["process"]))
    if results["growth"]:
        parts.append(growth_table(results["growth"]))
    return "\n\n".join(parts) + "\n"


def head(results: Result) -> str:
    """On what, with what, how."""
    machine = results["machine"]
    versions = ", ".join(f"{title} {version}" for title, version in machine["versions"].items())
    peak = ", ".join(
        f"{best.rate:.0f} GFLOP/s on {n} ({PEERS[best.library].title})" for n, best in peaks(results).items()
    )
    lines = [
        f"{machine['processor']}, {machine['cores']} cores, Python {machine['python']}; {versions}. "
        f"Data: {results['data']}. float32, sigmoid layers, softmax, the same initial weights and the same "
        f"mini-batches for all; medians of {results['rounds']} rounds in which competitors take turns "
        "(min–max in brackets), each in a process of its own, stopped while it waits. "
        f"The best matrix product of any library in this run, by threads: {peak}. GFLOP/s count all "
        "products, also those with columns of X that are 0 in all rows at hand, which chainrule passes over."
    ]
    doctor = machine["doctor"] or {}
    if "engine" in doctor:
        said = ", ".join(f"{name} {doctor[name]}" for name in DOCTOR if name in doctor)
        lines.append(f"`chainrule doctor` says: {said}.")
    if results.get("quick"):
        lines.append("**A quick run: few rows and rounds, good for trying out and for nothing else.**")
    return "\n\n".join(lines)


def training_table(results: Result) -> str:
    """Seconds an epoch; of the peers, how many times as long they take."""
    peak = peaks(results)
    peers = present(results["training"])
    columns = ["network, batch", "optimiser", "chainrule, s", "threads", "GFLOP/s", "of the peak", "floor, s"]
    rows = []
    for result in results["training"]:
        ours = best(result["entries"], OURS)
        if ours is None:
            continue
        threads = busy_threads(ours, peak)
        seconds = median(ours["seconds"])
        floor = result["flops"] / peak[threads].rate / 1e9
        rows.append(
            [
                network(result),
                result["optimizer"],
                f"**{spread(ours['seconds'])}**",
                str(threads),
                f"{gflops(result, ours):.1f}",
                f"{100 * floor / seconds:.0f} %",
                figure(floor),
                *(against(result["entries"], peer, seconds) for peer in peers),
                nanoseconds(result["latency"]),
            ]
        )
    titles = [*columns, *(PEERS[peer].title for peer in peers), "core to core"]
    notes = [
        "## Training: seconds an epoch",
        table(titles, rows),
        "In brackets, how many times as long as chainrule. Floor: the step's matrix products (additions and "
        "multiplications; the first layer has two, the others three) at the peak of as many threads.",
        faster([(f"{network(r)}, {r['optimizer']}", r["entries"]) for r in results["training"]], "training"),
    ]
    return "\n\n".join(notes)


def settings_table(training: Sequence[Result]) -> str:
    """The setting of each competitor that counted, and where its epoch ended."""
    rows = [
        [
            network(result),
            result["optimizer"],
            PEERS[peer].title,
            entry["setting"],
            str(entry["threads"] or "its own"),
            spread(entry["seconds"]),
            f"{100 * entry['accuracy']:.2f} % ({100 * result['reference']['accuracy']:.2f})",
            f"{entry['loss']:.4f} ({result['reference']['loss']:.4f})",
            f"{100 * entry['apart']:.2g} %",
        ]
        for result in training
        for peer in (OURS, *present(training))
        if (entry := best(result["entries"], peer))
    ]
    titles = [
        "network, batch",
        "optimiser",
        "",
        "setting",
        "threads",
        "s",
        "test accuracy",
        "cross-entropy",
        "apart",
    ]
    note = (
        "In brackets, the same epoch in float64. Apart: the distance of the parameters from that end, as a "
        "share of the whole way. Whoever ends elsewhere is left out of the tables."
    )
    return "\n\n".join(["### The settings that counted", table(titles, rows), note])


def tried_table(training: Sequence[Result]) -> str:
    """Every setting that was tried, on its best number of threads; one run each."""
    rows = []
    for result in training:
        by_setting: dict[tuple[str, str], list[Result]] = {}
        for tried in result["tried"]:
            by_setting.setdefault((tried["peer"], tried["setting"]), []).append(tried)
        for (peer, setting), all_threads in by_setting.items():
            timed = [tried for tried in all_threads if "problem" not in tried]
            found = min(timed, key=lambda tried: float(tried["first"])) if timed else all_threads[0]
            text = figure(found["first"]) if timed else f"left out: {found['problem']}"
            threads = str(found["threads"] or "its own")
            rows.append([network(result), result["optimizer"], PEERS[peer].title, setting, threads, text])
    titles = ["network, batch", "optimiser", "", "setting", "threads", "s"]
    return "\n\n".join(["### Every setting tried, one run each", table(titles, rows)])


def prediction_table(prediction: Sequence[Result]) -> str:
    """Seconds for all rows, microseconds for one."""
    peers = present(prediction)
    rows = []
    for result in prediction:
        ours = best(result["entries"], OURS)
        if ours is None:
            continue
        one = result["what"] == "row"
        scale, unit = (1e6, "µs") if one else (1, "s")
        cells = [against(result["entries"], peer, median(ours["seconds"]), scale) for peer in peers]
        what = "one row" if one else f"{result['rows']:,} rows"
        name = f"{result['workload']} {list(result['layers'])}"
        rows.append([name, what, unit, f"**{spread(ours['seconds'], scale)}**", *cells])
    titles = ["network", "what", "", "chainrule", *(PEERS[peer].title for peer in peers)]
    named = [(f"{r['workload']}, {r['what']}", r["entries"]) for r in prediction]
    note = "From a NumPy array to a NumPy array, on one thread."
    return "\n\n".join(["## Prediction", table(titles, rows), note, faster(named, "prediction")])


def process_table(process: Sequence[Result]) -> str:
    """Seconds of a fresh process, of the import alone, and peak memory."""
    ours = best(process, OURS)
    rows = []
    for peer in dict.fromkeys(entry["peer"] for entry in process):
        entry = best(process, peer)
        if entry is None:
            continue
        ratio = f"{median(entry['seconds']) / median(ours['seconds']):.2f} ×" if ours else ""
        memory = f"{median(entry['memory']) / 2**20:,.0f} MiB"
        cells = [entry["setting"], spread(entry["seconds"]), ratio, spread(entry["import"]), memory]
        rows.append([PEERS[peer].title, *cells])
    titles = ["", "setting", "whole process, s", "to chainrule", "import alone, s", "peak memory"]
    note = "A fresh process that imports, compiles or loads, reads the data, trains one epoch of W1."
    return "\n\n".join(["## Whole process", table(titles, rows), note])


def growth_table(growth: Sequence[Result]) -> str:
    """Microseconds a sample."""
    peers = present(growth)
    rows = []
    for result in growth:
        ours = best(result["entries"], OURS)
        if ours is None:
            continue
        scale = 1e6 / result["rows"]
        cells = [against(result["entries"], peer, median(ours["seconds"]), scale) for peer in peers]
        name = f"{result['axis']} {result['value']}"
        rows.append([name, f"**{spread(ours['seconds'], scale)}**", f"{gflops(result, ours):.1f}", *cells])
    titles = ["", "chainrule, µs a sample", "GFLOP/s", *(PEERS[peer].title for peer in peers)]
    note = (
        "Plain gradient descent. Width n: [784, n, 10], batch 32; depth d: d layers of 128, batch 32; "
        "batch: [784, 128, 10]."
    )
    named = [(f"{r['axis']} {r['value']}", r["entries"]) for r in growth]
    return "\n\n".join(["## Growth", table(titles, rows), note, faster(named, "growth")])


def faster(named: Iterable[tuple[str, Sequence[Result]]], part: str) -> str:
    """Where a peer is faster than chainrule, said plainly."""
    found = []
    for name, entries in named:
        ours = best(entries, OURS)
        for peer in dict.fromkeys(entry["peer"] for entry in entries):
            theirs = best(entries, peer)
            if peer not in (OURS, "reference") and ours and theirs:
                ratio = median(theirs["seconds"]) / median(ours["seconds"])
                if ratio < 1:
                    found.append(f"{PEERS[peer].title} on {name} ({ratio:.2f} ×)")
    listed = "; ".join(found) + "." if found else "nowhere."
    return f"Faster than chainrule in {part}: {listed}"


def best(entries: Sequence[Result], peer: str) -> Result | None:
    """The setting of a competitor with the lowest median."""
    mine = [entry for entry in entries if entry["peer"] == peer and entry["seconds"]]
    return min(mine, key=lambda entry: median(entry["seconds"]), default=None)


class Peak(NamedTuple):
    """GFLOP/s of a matrix product."""

    rate: float
    library: str


def peaks(results: Result) -> dict[int, Peak]:
    """The best rate of any large matrix product of any library in the whole run, by threads."""
    looks = [*results["peak"], *(look for result in results["training"] for look in result["peak"])]
    readings = [
        (int(n), Peak(float(rate), library))
        for look in looks
        for library, rates in look.items()
        for n, rate in rates.items()
    ]
    return {n: max(peak for k, peak in readings if k == n) for n in sorted({n for n, _ in readings})}


def busy_threads(entry: Result, peak: dict[int, Peak]) -> int:
    """How many processors were at work, as a number of threads whose peak was measured."""
    busy = median(entry["busy"])
    return min(peak, key=lambda n: abs(n - busy))


def gflops(result: Result, entry: Result) -> float:
    """The rate at which the matrix products were done, everything else included in the time."""
    return float(result["flops"] / median(entry["seconds"]) / 1e9)


def present(results: Sequence[Result]) -> list[str]:
    """The peers that have figures, in the order of the registry."""
    found = {entry["peer"] for result in results for entry in result["entries"]}
    return [peer for peer in PEERS if peer in found and peer != OURS]


def against(entries: Sequence[Result], peer: str, ours: float, scale: float = 1) -> str:
    """A peer's figure and how many times ours it is."""
    entry = best(entries, peer)
    if entry is None:
        return "–"
    seconds = median(entry["seconds"])
    return f"{figure(scale * seconds)} ({seconds / ours:.2f} ×)"


def network(result: Result) -> str:
    """Name, layers and batch."""
    return f"{result['workload']} {list(result['layers'])}, {result['batch']}"


def spread(values: Sequence[float], scale: float = 1) -> str:
    """Median, and the range."""
    low, high = scale * min(values), scale * max(values)
    return f"{figure(scale * median(values))} [{figure(low)}–{figure(high)}]"


def figure(value: float) -> str:
    """Three figures, as a decimal number."""
    decimals = next((d for d, limit in ((0, 100), (1, 10), (2, 1), (3, 0.1)) if value >= limit), 4)
    return f"{value:,.{decimals}f}"


def nanoseconds(readings: Sequence[float | None]) -> str:
    """Core-to-core latency beside a row."""
    known = [reading for reading in readings if reading is not None]
    return f"{median(known):.0f} ns [{min(known):.0f}–{max(known):.0f}]" if known else "–"


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
