"""The command ``chainrule``. Each subcommand lives in a module of its own, imported when it is called."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click

from chainrule.about import VERSION
from chainrule.cli.output import complain, echo
from chainrule.errors import ChainruleError, did_you_mean
from chainrule.escaping.characters import visible
from chainrule.escaping.terminal import terminal

COMMANDS = {
    "train": "Train a network on DATA, or on pictures of digits.",
    "evaluate": "Measure how well a trained model does on data.",
    "predict": "Write class and probabilities for every row of a file.",
    "export": "Write a model as ONNX, as one NumPy file or as one C file.",
    "report": "Write a run as one HTML page.",
    "compare": "Compare runs: settings, curves, tests.",
    "tune": "Search for good settings by successive halving.",
    "check": "Compare a model's gradients with differences of its loss.",
    "diagnose": "Find the wrong equation in your own backpropagation.",
    "explain": "Explain one sample: every number, forward and back.",
    "formula": "Derive and check an activation or a loss of your own.",
    "prove": "Prove the equations by running the functions that train.",
    "derive": "Write out backpropagation for one network, every step verified.",
    "doctor": "Show which engine runs here, whether it is right, and how fast.",
}

INTERRUPTED = 130
"""Exit code after Ctrl-C."""


@contextmanager
def _seen() -> Iterator[None]:
    """Escape what an error of click quotes of the command line, which may be names of files."""
    try:
        yield
    except click.ClickException as error:
        vars(error).update(message=terminal(error.message))  # click calls it final
        raise


class Commands(click.Group):
    """Subcommands by name, with errors as one line and never as a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of `COMMANDS`."""
        return list(COMMANDS)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; Ctrl-C ends it with exit code 130, as shells have it, and not with click's 1."""
        try:
            with _seen():
                return super().invoke(ctx)
        except KeyboardInterrupt:
            echo("", "interrupted", err=True)
            sys.exit(INTERRUPTED)

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Parse the options before the command."""
        with _seen():
            return super().make_context(*args, **extra)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import the command of that name."""
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"chainrule.cli.{name}"), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest the nearest name if the command does not exist."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(
                f"the command must be one of {', '.join(COMMANDS)}; got {args[0]!r}."
                f"{did_you_mean(args[0], COMMANDS)}"
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them, so that ``--help`` is quick."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, prog_name="chainrule")
def chainrule_command() -> None:
    """Feed-forward classifiers with cross-entropy: derived, proven and trained by the same equations.

    Start with:  chainrule train
    """


def main() -> None:
    """Run the command; a `ChainruleError` becomes one message and exit code 1."""
    _open_streams()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        chainrule_command(prog_name="chainrule")
    except ChainruleError as error:
        _fail(str(error))
    except MemoryError as error:
        _fail(f"the memory must suffice; it does not ({error or 'it ran out'}).")
    except OSError as error:  # a full disk under standard output, say
        if error.errno == errno.EBADF:
            _fail("standard output must be open; it is closed. Write to a file: > FILE.")
        _fail(f"output must be writable; got {error.strerror or error}. Free some space, or write elsewhere.")


def _open_streams() -> None:
    """Open the streams that the caller closed (``2>&-``), so that no file of ours gets their numbers.

    What is printed on a closed standard output is an error, for it is lost; what is said on a closed
    standard error goes nowhere.
    """
    for name, flags in (("stdin", os.O_RDONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY)):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, flags)  # the lowest that is free
            file = io.FileIO(descriptor, "r" if name == "stdin" else "w", closefd=False)
            setattr(
                sys, name, io.TextIOWrapper(file, "utf-8", write_through=True)
            )  # what fails, fails at once


def _fail(message: str) -> None:
    complain(visible(message))
    sys.exit(1)
