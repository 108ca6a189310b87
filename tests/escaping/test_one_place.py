"""No writer escapes by itself: what escapes is imported from `chainrule.escaping`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import chainrule

SOURCE = Path(chainrule.__file__).parent

OWN = {
    r"\bfrom html import|^\s*import html\b": (),
    r"\bimport shlex|\bshlex\b": (),
    r"\brich\.markup\b": (),
    r"\bcsv\.writer\(": ("exchange/numpy_parts.txt",),
    r"\bunicodedata\b|\.isprintable\(": ("exchange/numpy_parts.txt",),
    r"\bclick\.s?echo\(": ("cli/output.py",),
    r"\bConsole\(": ("cli/output.py", "training/progress.py"),
    r"&lt;|&amp;|&quot;|textbackslash": (),
    r"""\.replace\(r?["'](\\\\|\\?"|'|<|&|\$|\||\*/)["'],|\.replace\(r?["'][ -~]["'], r?["']\\""": (
        "exchange/numpy_parts.txt",
    ),
}
"""What only `chainrule.escaping` does → files that may do it for another reason."""


def own_escapes(source):
    """Places outside of `chainrule.escaping` that escape, as text."""
    found = []
    for file in sorted(path for path in source.rglob("*") if path.suffix in (".py", ".txt")):
        name = file.relative_to(source).as_posix()
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            found += [
                f"{name}:{number} {line.strip()}"
                for pattern, allowed in OWN.items()
                if name not in allowed and not name.startswith("escaping/") and re.search(pattern, line)
            ]
    return found


def test_no_writer_escapes_by_itself():
    assert own_escapes(SOURCE) == []


@pytest.mark.parametrize(
    "line",
    [
        "from html import escape", "import shlex", "from rich.markup import escape", "csv.writer(file)",
        "click.echo(name)", "Console().print(name)",
        r"""text.replace("\\", "/")""", """text.replace("*/", "* /")""",
        """text.replace("<", "&lt;")""", r"""text.replace('"', "'")""", """text.replace("_", r"\\_")""",
    ],
)  # fmt: skip
def test_a_planted_escape_is_found(tmp_path, line):
    (tmp_path / "file.py").write_text(f"    {line}\n", encoding="utf-8")
    assert len(own_escapes(tmp_path)) >= 1
