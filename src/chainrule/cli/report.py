"""``chainrule report``: a run as one HTML page."""

from __future__ import annotations

import click

from chainrule.cli.output import echo, note


@click.command(short_help="Write a run as one HTML page.")
@click.argument("folder", metavar="RUN", type=click.Path())
@click.option(
    "-o", "--out", type=click.Path(), metavar="FILE", help="Where to write it. [default: RUN/report.html]"
)
def report(folder: str, out: str | None) -> None:
    """Write one page about a run: settings, curves, gradients, tests, mistakes.

    RUN is a folder that `chainrule train` wrote. The page is self-contained, with the equations behind
    each figure, and can be sent to others.
    """
    from pathlib import Path

    from chainrule.files.atomic import atomic_write
    from chainrule.files.places import open_file
    from chainrule.report import open_run
    from chainrule.report.page import report as page

    run = open_run(folder)
    path = Path(out) if out is not None else Path(folder) / "report.html"
    atomic_write(path, page(run))
    for text in run.notes:
        note(text)
    echo(f"report: {path}", err=open_file(path) is not None)
