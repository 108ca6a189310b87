"""The table of what is public: its names are there, and no page tells a reader to import another."""

from __future__ import annotations

import ast
import re
import textwrap
from importlib import import_module
from pathlib import Path

import pytest

import chainrule

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
TABLE = dict(
    re.findall(
        r"^\| `(chainrule[\w.*]*)` \| (.+?) \|",
        (DOCS / "reference/public.md").read_text(encoding="utf-8"),
        re.M,
    )
)
INTERNAL = ("engine.md", "how-to/extend.md", "reference/engines.md")
"""Pages that also say what is inside."""
PAGES = [
    ROOT / "README.md",
    *(path for path in DOCS.rglob("*.md") if str(path.relative_to(DOCS)) not in INTERNAL),
]


def is_public(module, name):
    """Whether the table lets a program import that name, which may be a module of the table itself."""
    if f"{module}.{name}" in TABLE or (module == "chainrule" and name in ("__file__", "__version__")):
        return True
    row = f"{module.rpartition('.')[0]}.*" if f"{module.rpartition('.')[0]}.*" in TABLE else module
    if f"{module}.*" in TABLE:
        return hasattr(import_module(f"{module}.{name}"), "__doc__")
    named = re.findall(r"`(\w+)`", TABLE.get(row, ""))
    if "__all__" in named:
        return name in import_module(module).__all__
    return row in TABLE and (name in named if named else not name.startswith("_"))


@pytest.mark.parametrize(
    ("module", "name", "public"),
    [
        ("chainrule", "Network", True),
        ("chainrule", "network", False),
        ("chainrule.equations", "heads", True),
        ("chainrule.equations.heads", "softmax", True),
        ("chainrule.equations.heads", "_log", False),
        ("chainrule.proof.theorems", "select", True),
        ("chainrule.proof.theorems", "ORDER", False),
        ("chainrule.proof.claims.symbolic", "symbols", False),
        ("chainrule.engines.reference", "NUMPY", False),
    ],
)
def test_the_reader_of_the_table(module, name, public):
    assert is_public(module, name) is public


@pytest.mark.parametrize("module", TABLE)
def test_what_the_table_names_is_there(module):
    found = import_module(module.removesuffix(".*"))
    names = re.findall(r"`(\w+)`", TABLE[module])
    assert all(hasattr(found, name) for name in names)
    if names == ["__all__"]:
        assert all(hasattr(found, name) for name in found.__all__)
        assert found.__doc__


def imported(page):
    """(module, name) of every import from chainrule in the code of a page."""
    for block in re.findall(r"^ *```(?:python|\{run\}|\{plot\}[^\n]*)\n(.*?)^ *```", page, re.M | re.S):
        code = re.sub(r"^ *:[\w-]+:.*\n", "", textwrap.dedent(block), flags=re.M)
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "chainrule":
                yield from ((node.module, alias.name) for alias in node.names)
            elif isinstance(node, ast.Import):
                yield from (
                    alias.name.rpartition(".")[::2]
                    for alias in node.names
                    if alias.name.startswith("chainrule.")
                )


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_pages_import_what_is_public(path):
    page = path.read_text(encoding="utf-8")
    assert [names for names in imported(page) if not is_public(*names)] == []
    documented = re.findall(r"auto(?:function|class|exception):: (chainrule[\w.]*)\.(\w+)", page)
    assert [names for names in documented if not is_public(*names)] == []
    for module in re.findall(r"automodule:: (chainrule[\w.]*)", page):
        assert module in TABLE or f"{module}.*" in TABLE or f"{module.rpartition('.')[0]}.*" in TABLE, module


def test_the_reader_of_pages_sees_imports():
    assert len([names for path in PAGES for names in imported(path.read_text(encoding="utf-8"))]) > 40
    page = "```{run}\nfrom chainrule.engines.reference import NUMPY\nimport chainrule.network\n```\n"
    assert list(imported(page)) == [("chainrule.engines.reference", "NUMPY"), ("chainrule", "network")]


def test_what_the_package_has_at_its_top_is_in_the_reference():
    reference = "".join(path.read_text(encoding="utf-8") for path in (DOCS / "reference").glob("*.md"))
    for name in chainrule.__all__:
        assert re.search(rf"chainrule\.(\w+\.)*{name}\b|members:.*\b{name}\b", reference), name
