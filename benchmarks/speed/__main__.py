"""Speed beside JAX, PyTorch, scikit-learn, onnxruntime and NumPy, all in one run.

    pip install --group bench -e .                              # pip 25.1 or newer
    python -m benchmarks.speed                                  # everything
    python -m benchmarks.speed --only W1,W2 --sections train    # a part
    python -m benchmarks.speed --quick --data digits --peers sklearn,numpy

Prints the tables in Markdown and writes them to docs/results/speed.md, the figure of growth to
docs/results/growth.svg, and every number to docs/results/speed.json, unless --out, --markdown and --figure
say otherwise; quick runs and parts write only what is asked for. How it is measured: benchmarks/speed/run.py.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.speed import data
from benchmarks.speed.figure import draw
from benchmarks.speed.growth import growth, points
from benchmarks.speed.machine import machine
from benchmarks.speed.peers import OURS, PEERS, installed
from benchmarks.speed.prediction import prediction
from benchmarks.speed.process import processes
from benchmarks.speed.report import markdown
from benchmarks.speed.run import Run, say
from benchmarks.speed.team import Key, Team
from benchmarks.speed.training import look_at_machine, training
from benchmarks.speed.workloads import OPTIMIZERS, PREDICTED, WORKLOADS, Workload

SECTIONS = ("train", "predict", "process", "growth")
RESULTS = Path(__file__).parents[2] / "docs/results"
QUICK_ROWS = 1_500


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print and write."""
    options = parse(arguments)
    with TemporaryDirectory(prefix="speed-") as name, Team(Path(name)) as team:
        run = Run(
            team,
            Path(name),
            options.peers,
            options.threads,
            options.rounds,
            enough=0.05 if options.quick else 0.5,
            most_rows=QUICK_ROWS if options.quick else None,
        )
        for results in measure_all(run, options):
            publish(results, options)
    print(markdown(results))


def publish(results: dict[str, Any], options: argparse.Namespace) -> None:
    """Write what is known so far: a run takes long, and may be stopped."""
    if options.out:
        write(options.out, json.dumps(results, indent=1) + "\n")
    if options.markdown:
        write(options.markdown, markdown(results))
    if options.figure and results["growth"]:
        draw(results["growth"], options.figure)


def measure_all(run: Run, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Every section that is asked for; the results so far after each part."""
    origin = write_data(run, options.data)
    readings: dict[str, Any] = {"peak": [], "latency": []}
    look_at_machine(run, readings)
    chosen = [workload for workload in WORKLOADS if workload.name in options.only]
    results: dict[str, Any] = {
        "machine": machine(run.peers, run.folder),
        "data": origin,
        "rounds": run.rounds,
        "quick": options.quick,
        **readings,
        **{part: [] for part in ("training", "prediction", "process", "growth")},
    }
    if "train" in options.sections:
        for workload, optimizer in product(chosen, OPTIMIZERS):
            results["training"].append(training(run, workload, optimizer))
            yield results
    if "predict" in options.sections:
        count = 200 if options.quick else 5_000
        for workload in (w for w in chosen if w.name in PREDICTED):
            results["prediction"] += prediction(run, workload, count)
            yield results
    for key in [Key(peer, n) for peer in (OURS, *run.peers) for n in (None, *run.threads)]:
        run.team.dismiss(key)  # the sections that follow need the memory, and fresh processes
    if "process" in options.sections:
        results["process"] = processes(run, WORKLOADS[0])
        yield results
    if "growth" in options.sections:
        for point in points(options.quick):
            results["growth"].append(growth(run, point, options.compiled_growth))
            yield results


def write_data(run: Run, name: str) -> str:
    """Write all data for the competitors; where it is from."""
    pictures = data.pictures(name)
    data.write(run.folder, "pictures", data.first(pictures, run.rows(60_000)))
    rows: Workload = WORKLOADS[-1]
    data.write(run.folder, "rows", data.rows(run.rows(rows.rows)))
    return f"{pictures.origin}; {rows.name}: synthetic rows"


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Options, with every name checked."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = tuple(workload.name for workload in WORKLOADS)
    rivals = tuple(peer for peer in PEERS if peer != OURS)
    cores = os.cpu_count() or 1
    parser.add_argument("--only", type=choice(names), default=names, help=f"workloads: {','.join(names)}")
    parser.add_argument("--sections", type=choice(SECTIONS), default=SECTIONS, help=",".join(SECTIONS))
    parser.add_argument(
        "--peers", type=choice(rivals), help=f"default: those installed of {','.join(rivals)}"
    )
    parser.add_argument(
        "--threads", type=choice_of_threads, help="that peers are tried with (default: 1 and all)"
    )
    parser.add_argument("--rounds", type=int, help="of which the median counts (default 5; quick 2)")
    parser.add_argument("--data", choices=("auto", "mnist", "fashion-mnist", "digits"), default="auto")
    parser.add_argument("--quick", action="store_true", help="few rows and rounds, to try it out")
    parser.add_argument("--compiled-growth", action="store_true", help="torch.compile in growth too (slow)")
    parser.add_argument("--out", type=Path, help="JSON file (default docs/results/speed.json for whole runs)")
    parser.add_argument("--markdown", type=Path, help="file of the tables (default docs/results/speed.md)")
    parser.add_argument("--figure", type=Path, help="SVG file (default docs/results/growth.svg)")
    options = parser.parse_args(arguments)
    if options.peers is None:
        options.peers = tuple(peer for peer in rivals if installed(peer))
        for peer in (peer for peer in rivals if peer not in options.peers):
            say(f"{PEERS[peer].title} is not installed and left out: pip install --group bench")
    options.threads = options.threads or tuple(sorted({1, cores}))
    options.rounds = options.rounds or (2 if options.quick else 5)
    if not options.quick and options.only == names and options.sections == SECTIONS:
        options.out = options.out or RESULTS / "speed.json"
        options.markdown = options.markdown or RESULTS / "speed.md"
        options.figure = options.figure or RESULTS / "growth.svg"
    return options


def choice(known: Sequence[str]) -> Any:
    """A list of known names, separated by commas."""

    def read(text: str) -> tuple[str, ...]:
        names = tuple(filter(None, text.split(",")))
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"must be of {', '.join(known)}; got {name!r}")
        return names

    return read


def choice_of_threads(text: str) -> tuple[int, ...]:
    """Numbers of threads, separated by commas, ascending."""
    numbers = tuple(sorted({int(number) for number in text.split(",")}))
    if numbers[0] < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1; got {numbers[0]}")
    return numbers


def write(path: Path, text: str) -> None:
    """Write a file, and its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
