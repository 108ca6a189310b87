"""What the commands print. Names in it are text from strangers, and whatever is printed is escaped here."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from chainrule.escaping.characters import visible
from chainrule.escaping.terminal import as_json, terminal
from chainrule.files.terminal import is_terminal

if TYPE_CHECKING:
    from rich.console import Console


def echo(*lines: object, err: bool = False, **style: Any) -> None:
    """Print lines, in a style of `click.style` if one is given. A line end within a line is escaped."""
    shown = "\n".join(visible(str(line)) for line in lines)
    click.echo(click.style(shown, **style) if style else shown, err=err)


def note(text: object) -> None:
    """Say on standard error what one should know."""
    echo(f"note: {text}", err=True)


def complain(text: object, word: str = "Error", colour: str = "red") -> None:
    """Print an error or a warning on standard error; what it quotes may have several lines."""
    click.echo(f"{click.style(f'{word}:', fg=colour, bold=True)} {terminal(str(text))}", err=True)


def print_text(text: str) -> None:
    """Print a text of several lines."""
    click.echo(terminal(text), nl=False)


def print_json(value: Any, indent: int = 1) -> None:
    """Print JSON; a number that is not finite is null."""
    click.echo(as_json(value, indent))


def print_data(text: str) -> None:
    """Print what another program will read: as it is, but on a terminal like any text."""
    click.echo(terminal(text) if is_terminal(sys.stdout) else text, nl=False, color=True)


def screen(**options: Any) -> Console:
    """A console of rich for tables and lines, in which square brackets and colons are what they are."""
    from rich.console import Console
    from rich.text import Text

    class Screen(Console):
        def render_str(self, text: str, **how: Any) -> Text:
            return super().render_str(visible(text), **how)

    return Screen(highlight=False, markup=False, emoji=False, **options)
