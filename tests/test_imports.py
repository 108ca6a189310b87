"""The structure of the package: one order of rooms, no circle, heavy packages imported when used.

All imports count: those at the top, those inside functions, and those for type checkers alone.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import chainrule

SOURCE = Path(chainrule.__file__).parent

ROOMS = (
    "about", "types", "history", "errors", "checks", "escaping", "evaluation",
    "equations", "calculus", "files",
    "datasets.preparing", "datasets.validate", "datasets.dataset", "datasets.tables", "datasets.known",
    "datasets.streams", "datasets.loading", "datasets", "plots", "pages",
    "engines.base", "engines.reference", "engines.llvm.machine", "engines.llvm.writer",
    "engines.llvm.kernels", "engines.llvm.programs", "engines.llvm.analysis", "engines.llvm.runtime",
    "engines.llvm", "engines.choice", "engines",
    "formulas", "model", "training", "exchange",
    "proof.claims", "proof.subjects", "proof.measured", "proof.theorems", "proof.mutants", "proof",
    "explain",
    "derivation.terms", "derivation.blocks", "derivation.steps", "derivation.equations",
    "derivation.sections", "derivation.document", "derivation",
    "diagnosis.catalogue", "diagnosis.adapters", "diagnosis.asking", "diagnosis.verdict",
    "diagnosis.telling", "diagnosis",
    "network", "tuning", "runs", "report", "estimator", "doctor", "testing", "notebook",
    "cli", "__main__", "",
)  # fmt: skip
"""From the bottom to the top; a room imports only from itself and from rooms before it. "" is `chainrule`."""

HEAVY = {
    "llvmlite": ["engines.llvm"],
    "sklearn": ["estimator"],
    "sympy": ["proof", "formulas", "derivation"],
    "jax": ["proof.claims.autodiff"],
    "matplotlib": ["plots", "cli"],
    "click": ["cli"],
    "rich": [], "safetensors": [], "scipy.stats": [], "torch": [], "pyarrow": [], "onnx": [],
}  # fmt: skip
"""Packages that take long to import or may be missing → the rooms that import them at once."""

LATE = {
    "cli": "each command imports what it needs when it is called, so that --help is quick",
    "network": "a network that only predicts loads neither training nor exports nor explanations",
    "": "a public name is imported when it is first used",
}
"""Rooms whose imports inside functions need no reason of their own → why."""


def graph(source=SOURCE):
    """{module: {(imported module, when, line)}}; when is "now", "late" (in a function) or "types"."""
    files = {name_of(path, source): path for path in source.rglob("*.py")}
    return {name: set(_imports(ast.parse(path.read_text("utf-8")), files)) for name, path in files.items()}


def name_of(path, source):
    return ".".join(path.relative_to(source).with_suffix("").parts).removesuffix("__init__").removesuffix(".")


def _imports(tree, files, when="now"):
    for node in ast.iter_child_nodes(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        yield from ((_module(name, files), when, node.lineno) for name in names)
        inner = "late" if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else when
        types = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        yield from _imports(node, files, "types" if types else inner)


def _module(name, files):
    """The module that a dotted name is, or is in; the names of other packages stay as they are."""
    if name.split(".")[0] != "chainrule":
        return name
    own = name.removeprefix("chainrule").removeprefix(".")
    return own if own in files else own.rpartition(".")[0]


def is_in(name, rooms):
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


def room_of(module):
    """The index of the smallest room that holds a module."""
    fitting = [room for room in ROOMS if module == room or module.startswith(f"{room}.")]
    assert fitting, f"{module} must be in a room; name it in ROOMS"
    return ROOMS.index(max(fitting, key=len))


def upward(modules):
    """Imports from a room that stands later in the order, as text."""
    return [
        f"{module} imports {name} (line {line})"
        for module, imported in sorted(modules.items())
        for name, _, line in sorted(imported)
        if name in modules and room_of(name) > room_of(module)
    ]


def circle(modules):
    """Modules of which each imports the next, and the last the first; [] if there are none."""
    left = {module: {name for name, _, _ in names if name in modules} for module, names in modules.items()}
    while found := [module for module, names in left.items() if not names & left.keys() - {module}]:
        for module in found:
            del left[module]
    path = list(left)[:1]
    while path and path[-1] not in path[:-1]:
        path.append(min(left[path[-1]] & left.keys() - {path[-1]}))
    return path[path.index(path[-1]) :] if path else []


MODULES = graph()


def test_imports_point_one_way():
    assert upward(MODULES) == []


def test_no_imports_form_a_circle():
    assert circle(MODULES) == []


@pytest.mark.parametrize(
    ("file", "line", "found"),
    [
        ("equations/affine.py", "from chainrule.model.validate import as_seed", upward),
        ("types.py", "def f():\n    from chainrule.network import Network", upward),
        ("files/atomic.py", "import typing\nif typing.TYPE_CHECKING:\n    import chainrule.cli", upward),
        ("equations/affine.py", "from chainrule.equations import network", circle),
        ("equations/affine.py", "def f():\n    from chainrule.equations.network import forward", circle),
    ],
)
def test_a_planted_import_is_found(tmp_path, file, line, found):
    for path in SOURCE.rglob("*.py"):
        copy = tmp_path / path.relative_to(SOURCE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(path.read_text("utf-8") + (f"\n{line}\n" if copy == tmp_path / file else ""), "utf-8")
    assert found(graph(tmp_path))


@pytest.mark.parametrize(("package", "rooms"), HEAVY.items(), ids=HEAVY)
def test_heavy_packages_are_imported_when_used(package, rooms):
    found = [
        (module, when)
        for module, names in MODULES.items()
        for name, when, _ in names
        if is_in(name, [package])
    ]
    assert found, "nothing imports it"
    assert [module for module, when in found if when == "now" and not is_in(module, rooms)] == []


def needs(module, seen):
    """All that importing a module imports at once."""
    if module not in seen:
        seen.add(module)
        for name in (name for name, when, _ in MODULES.get(module, ()) if when == "now"):
            needs(name, seen)
    return seen


def test_an_import_inside_a_function_has_a_reason():
    """The reason is a heavy package, the room's (`LATE`), or a comment on the line."""
    lines = {name_of(path, SOURCE): path.read_text("utf-8").splitlines() for path in SOURCE.rglob("*.py")}
    without = [
        f"{module}:{line} imports {name}"
        for module, names in MODULES.items()
        for name, when, line in names
        if when == "late" and name in MODULES and ROOMS[room_of(module)] not in LATE
        if not any(is_in(one, HEAVY) for one in needs(name, set())) and "#" not in lines[module][line - 1]
    ]
    assert without == []


@pytest.mark.parametrize("room", ["diagnosis", "derivation", "proof", "engines/llvm", "datasets"])
def test_large_rooms_have_few_rooms_at_their_first_level(room):
    inside = [path for path in (SOURCE / room).iterdir() if path.name[0] != "_"]
    assert len(inside) <= 8, sorted(path.name for path in inside)


def test_few_files_stand_at_the_root():
    assert len(list(SOURCE.glob("*.py"))) <= 9
