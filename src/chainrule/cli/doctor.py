"""``chainrule doctor``: what runs here, whether it is right, and how fast it is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from chainrule.cli.options import engine_options
from chainrule.cli.output import print_json, screen
from chainrule.files.terminal import is_terminal

if TYPE_CHECKING:
    from chainrule.doctor.examine import Report
    from chainrule.doctor.speed import Rate


@click.command(short_help="Show which engine runs here, whether it is right, and how fast.")
@engine_options
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def doctor(engine: str, threads: int | None, as_json: bool) -> None:
    """Show which engine trains and predicts on this machine and why, and the hardware and libraries it uses.

    One step of the engine is compared with the reference, in float64 and in float32; the exit code is 1 if
    they differ by too much. A speed test of two seconds compares training with NumPy's matrix product.
    """
    from chainrule.doctor.examine import examine

    quiet = as_json or not is_terminal(sys.stderr)
    with screen(stderr=True, quiet=quiet).status("looking at the machine") as status:
        report = examine(engine, threads, stages=status.update)
    if as_json:
        print_json(as_data(report), 2)
    else:
        show(report)
    if not report.passed:
        sys.exit(1)


def show(report: Report) -> None:
    """Print a report: facts, then speeds, then the conclusion."""
    from rich.table import Table

    console = screen()
    facts = Table(box=None, pad_edge=False, show_header=False)
    facts.add_column(no_wrap=True, style="bold")
    facts.add_column(overflow="fold")
    for name, value in lines(report):
        facts.add_row(name, value)
    console.print(facts)
    if report.speed is not None:
        table = Table("training", box=None, pad_edge=False)
        for heading in ("batch", "threads", "steps a second", "GFLOP/s", "of the product"):
            table.add_column(heading, justify="right")
        for rate in report.speed.training:
            table.add_row(*row(rate))
        console.print()
        console.print(table)
    console.print()
    console.print(conclusion(report), style="bold" if report.passed else "bold red")


def lines(report: Report) -> Iterator[tuple[str, str]]:
    """The facts, each with its name."""
    yield "engine", f"{report.engine}: {report.reason}"
    yield "processor", report.processor
    if report.compiler is not None:
        c = report.compiler
        bits = report.vector_bits or 0
        yield "vectors", f"{c.vectors}, {bits} bits: {bits // 32} numbers of float32 at once"
        yield "compiler", f"LLVM {c.llvm} (llvmlite {c.llvmlite}), for {c.target}"
    yield "threads", _threads(report)
    for blas in report.blas:
        what = f"{blas.name} {blas.version} for {blas.architecture}, {_count(blas.threads, 'thread')}"
        yield "BLAS", f"{what} ({blas.by}'s)"
    cache = report.cache
    state = (
        ""
        if cache.writable
        else (
            "; it must be a folder of your own where nobody else writes, so code is compiled in every process"
        )
    )
    yield "cache", f"{cache.path}: {_count(cache.files, 'file')}, {cache.bytes / 1e6:.1f} MB{state}"
    yield "versions", ", ".join(f"{name} {version}" for name, version in report.versions.items())
    for found in report.accuracy:
        yield found.dtype, f"one step is within {found.error:.1e} of the reference (limit {found.limit:.0e})"
    if report.compilation is not None:
        first, cached = report.compilation
        yield "compiling", f"{first:.2f} s the first time, {cached:.3f} s from the cache"
    if report.speed is not None:
        peak = report.speed.peak
        yield "product", f"NumPy's best, float32: {peak.one:.0f} GFLOP/s by one thread, {peak.all:.0f} by all"


def _threads(report: Report) -> str:
    """How many, and how the engine chooses among them."""
    ways = max((rate.ways for rate in report.speed.training), key=len, default=()) if report.speed else ()
    have = f"at most {report.threads}"
    if len(ways) > 1:
        return f"{have}; large steps are tried by {' and '.join(map(str, ways))}, the fastest is kept"
    return have


def row(rate: Rate) -> list[str]:
    """One training's line."""
    counts = (str(rate.batch_size), str(rate.threads), f"{rate.steps_per_second:,.0f}")
    return ["-".join(map(str, rate.layers)), *counts, f"{rate.gflops:.0f}", f"{100 * rate.share:.0f} %"]


def conclusion(report: Report) -> str:
    """Whether all is well, and else what to do."""
    if report.problem:
        return f"The {report.engine} engine cannot run here: {report.problem}. Use --engine reference."
    wrong = [found.dtype for found in report.accuracy if not found.passed]
    if wrong:
        return (
            f"The {report.engine} engine computes wrongly in {' and '.join(wrong)}: do not use it here. "
            "Use --engine reference, and please report these lines."
        )
    if report.engine == "reference":
        return "The reference engine runs: NumPy computes the equations as they stand."
    return f"The {report.engine} engine computes what the reference does, and is ready."


def as_data(report: Report) -> dict[str, Any]:
    """Everything that was found, as JSON can hold it."""
    return {**_plain(report), "passed": report.passed}


def _plain(value: Any) -> Any:
    """Records as objects; an error that is NaN or infinite as text, because JSON has no such numbers."""
    if hasattr(value, "_asdict"):
        return {name: _plain(part) for name, part in value._asdict().items()}
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float) and not abs(value) < float("inf"):
        return str(value)
    return value


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}{'s' * (n != 1)}"
