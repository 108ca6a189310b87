"""Code and commands that run while the book is built, so that what is printed is what came out.

``{run}`` runs Python and shows code and output, ``{command}`` a command line. The blocks of one page
share their names and a temporary folder. {value}`x:.3f` puts a value into a sentence, and ``{plot}``
shows the figure that its code leaves in ``figure``. What fails, fails the build.
"""

from __future__ import annotations

import ast
import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import textwrap
from base64 import b64encode
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective, SphinxRole

from pictures import folded, ink, svg_of

WIDTH = 96
"""Columns of the terminal that commands see."""

WIDEST = 104
"""Columns of a line that is left as it came."""


class Session(NamedTuple):
    """The names that the code of one page has made, and its folder."""

    names: dict[str, Any]
    folder: Path


def session_of(env: BuildEnvironment) -> Session:
    """The session of the page that is being read."""
    if "session" not in env.temp_data:
        env.temp_data["session"] = Session({"__name__": "__book__"}, Path(tempfile.mkdtemp(prefix="book-")))
    found: Session = env.temp_data["session"]
    return found


def end(app: Sphinx, doctree: nodes.document) -> None:
    """Remove the folder of a page that has been read."""
    if "session" in app.env.temp_data:
        shutil.rmtree(session_of(app.env).folder)


@contextlib.contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Work in another folder for a while."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def run(code: str, session: Session, name: str) -> str:
    """Run code as a page's next block, showing the value of a last expression; return what it printed."""
    tree = ast.parse(code, name)
    last = tree.body[-1] if tree.body else None
    if isinstance(last, ast.Expr):
        del tree.body[-1]
    out = io.StringIO()
    with inside(session.folder), contextlib.redirect_stdout(out):
        exec(compile(tree, name, "exec"), session.names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), name, "eval"), session.names)
            if value is not None:
                print(repr(value))
    return out.getvalue()


def run_or_tell(directive: SphinxDirective, code: str) -> str:
    """Run code of a directive; an exception is an error of the page."""
    where = f"{directive.env.docname}:{directive.lineno}"
    try:
        return run(code, session_of(directive.env), where)
    except Exception as error:
        raise directive.error(f"the code must run; it raised {type(error).__name__}: {error}") from error


class Run(SphinxDirective):
    """Python code, then what it prints."""

    has_content = True
    option_spec = {"hide-code": directives.flag, "hide-output": directives.flag}  # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        """Run the block."""
        code = "\n".join(self.content)
        output = run_or_tell(self, code)
        shown: list[nodes.Node] = []
        if "hide-code" not in self.options:
            shown.append(python_block(code))
        if output and "hide-output" not in self.options:
            shown.append(output_block(output))
        return shown


def python_block(code: str) -> nodes.literal_block:
    """Python code, highlighted."""
    return nodes.literal_block(code, code, language="python", classes=["code"])


def output_block(text: str) -> nodes.literal_block:
    """What came out, as a block of its own kind."""
    text = "\n".join(_folded(line) for line in text.rstrip("\n").splitlines())
    return nodes.literal_block(text, text, language="none", classes=["output"])


def _folded(line: str) -> str:
    """A long line of words on several lines; rows of a table are left as they are."""
    if len(line) <= WIDEST or "  " in line.strip():
        return line
    return textwrap.fill(line, WIDTH, subsequent_indent="  ", break_long_words=False)


class Command(SphinxDirective):
    """Command lines, then what they print. Each must end with code 0, or with the one given as ``:exit:``."""

    has_content = True
    option_spec = {  # noqa: RUF012
        "exit": int,
        "columns": int,
        "from": directives.unchanged_required,
        "until": directives.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        """Run each line."""
        lines = re.split(r"(?<!\\)\n", "\n".join(self.content).strip())
        folder = session_of(self.env).folder
        output = "".join(self._output_of(line, folder) for line in lines)
        output = self._part_of(output)
        typed = "\n".join(f"$ {line}" for line in lines)
        shown: list[nodes.Node] = [nodes.literal_block(typed, typed, language="console", classes=["code"])]
        return [*shown, output_block(output)] if output else shown

    def _part_of(self, output: str) -> str:
        """What stands between the lines that hold ``:from:`` and ``:until:``."""
        lines = output.splitlines(keepends=True)
        ends = []
        for option, usual in (("from", 0), ("until", len(lines))):
            wanted = self.options.get(option)
            found = [i for i, line in enumerate(lines) if wanted is not None and wanted in line]
            if wanted is not None and not found:
                raise self.error(f"the output must hold {wanted!r}; it does not.")
            ends.append(found[0] if found else usual)
        before, after = "…\n" if ends[0] else "", "…\n" if ends[1] < len(lines) else ""
        return before + "".join(lines[ends[0] : ends[1]]).strip("\n") + "\n" + after

    def _output_of(self, line: str, folder: Path) -> str:
        program, *arguments = shlex.split(line.replace("\\\n", " "))
        if program not in ("chainrule", "python"):
            raise self.error(f"a command must begin with chainrule or python; got {line!r}.")
        start = [sys.executable, *(["-m", "chainrule"] if program == "chainrule" else [])]
        columns = str(self.options.get("columns", WIDTH))
        env = {**os.environ, "COLUMNS": columns, "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
        done = subprocess.run(
            [*start, *arguments],
            cwd=folder,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            check=False,
        )
        if done.returncode != self.options.get("exit", 0):
            raise self.error(f"{line!r} ended with code {done.returncode}:\n{done.stdout}")
        return done.stdout


class Value(SphinxRole):
    """A value of the page's session, formatted as in an f-string."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Evaluate the text."""
        text = eval(f'f"""{{{self.text}}}"""', session_of(self.env).names)
        return [nodes.inline(text, text.replace("-", "−") if _is_number(text) else text)], []


def _is_number(text: str) -> bool:
    with contextlib.suppress(ValueError):
        float(text.replace(",", ""))
        return True
    return False


class Plot(SphinxDirective):
    """The figure that the code leaves in ``figure``, in the colour of the text; its code is folded below."""

    has_content = True
    required_arguments = 1
    final_argument_whitespace = True
    option_spec = {"caption": directives.unchanged}  # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        """Run the block and show its figure. The argument says what can be seen."""
        session = session_of(self.env)
        code = "\n".join(self.content)
        with matplotlib.rc_context(ink()):
            run_or_tell(self, code)
        svg = svg_of(session.names["figure"], f"plot{self.env.new_serialno('plot')}")
        alt = escape(self.arguments[0], quote=True)
        shown = figure(self, f'<div class="picture" role="img" aria-label="{alt}">{svg}</div>')
        return [*shown, *folded("Code of this figure", [python_block(code)], "code-of")]


class Produced(SphinxDirective):
    """A picture (PNG) that a command or code of this page has written; the content is its caption."""

    has_content = True
    required_arguments = 1
    option_spec = {"alt": directives.unchanged_required}  # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        """Put the picture into the page."""
        path = session_of(self.env).folder / self.arguments[0]
        if not path.is_file():
            raise self.error(f"this page must have written {self.arguments[0]}; there is no such file.")
        data = b64encode(path.read_bytes()).decode()
        alt = escape(self.options["alt"], quote=True)
        whole = nodes.figure(classes=["drawn"])
        whole += nodes.raw("", f'<img alt="{alt}" src="data:image/png;base64,{data}">', format="html")
        if self.content:
            text, messages = self.parse_inline(" ".join(self.content), lineno=self.lineno)
            whole += [nodes.caption("", "", *text), *messages]
        return [whole]


def figure(directive: SphinxDirective, html: str) -> list[nodes.Node]:
    """A figure with its caption."""
    whole = nodes.figure(classes=["drawn"])
    whole += nodes.raw("", html, format="html")
    if "caption" in directive.options:
        caption = nodes.caption()
        text, messages = directive.parse_inline(directive.options["caption"], lineno=directive.lineno)
        caption += text
        whole += [caption, *messages]
    return [whole]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register directives and role."""
    app.add_directive("run", Run)
    app.add_directive("command", Command)
    app.add_directive("plot", Plot)
    app.add_directive("produced", Produced)
    app.add_role("value", Value())
    app.connect("doctree-read", end)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
