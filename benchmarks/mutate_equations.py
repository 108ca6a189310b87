"""Change every operator and number of the equations, one at a time, and see which theorem notices.

    python benchmarks/mutate_equations.py [--file heads.py] [--processes 2] [--limit 120]

Each mutant is the whole package of equations with one change in its syntax tree: + ↔ −, * ↔ /, ** to *,
the operands of @ swapped, .T dropped, a sign dropped, a comparison flipped, a number one more or one less,
True ↔ False, and ↔ or. What is handed to a function of `chainrule.checks` is not an equation and stays as it
is. A mutant is loaded in a process of its own, where the theorems are proven and measured on
it until one of them fails. What survives is listed with the reason why it may, from `EQUIVALENT`.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import chainrule

EQUATIONS = Path(chainrule.__file__).parent / "equations"
SWAPPED = {ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*", ast.Pow: "*", ast.MatMult: "swap @"}
BINARY: dict[str, type[ast.operator]] = {"-": ast.Sub, "+": ast.Add, "/": ast.Div, "*": ast.Mult}
COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
FIRST = {
    "activations.py": ("F2", "H3"),
    "affine.py": ("F1", "B2", "B3", "B4"),
    "heads.py": ("H1", "H2", "H4", "B1", "Q1", "Q2", "S1"),
    "network.py": ("D1", "B2", "B1", "NET"),
    "optimizers.py": ("G1",),
    "penalty.py": ("P1", "P2"),
}
"""Tags to examine first; the rest follow, the whole networks last."""

NO_EQUATIONS = ("printed.py",)
"""What is printed of heads and activations; tests compare it with what is computed."""

EQUIVALENT = {
    ("sigmoid", "z >= 0", "z > 0"): "both branches are ½ at 0",
    ("leaky_relu", "z > 0", "z >= 0"): "both branches are 0 at 0",
    ("elu", "z > 0", "z >= 0"): "both branches are 0 at 0",
    ("d_elu", "z > 0", "z >= 0"): "both branches are 1 at 0",
    (
        "symbol",
        "self.printed.letter or (self.name if self.name.isidentifier() else 'φ')",
        "self.printed.letter and (self.name if self.name.isidentifier() else 'φ')",
    ): ("how φ is printed"),
    ("constants", "0", "1"): "which weight an explanation prints",
    ("constants", "0", "-1"): "which weight an explanation prints",
    ("d_hardswish", "0 * z", "0 / z"): "0 divided by a z ≤ −3 is 0",
    ("pos_weighted", "True", "False"): "how the outputs are read, not how they are computed",
    ("PosWeighted", "1.0", "2.0"): "never read: pos_weighted sets it for each head",
    ("PosWeighted", "1.0", "0.0"): "never read: pos_weighted sets it for each head",
    ("backward", "True", "False"): "zip's check: there are as many gradients as layers",
    ("(module)", "256", "257"): "TERMS: in which order products are added up, not which",
    ("(module)", "256", "255"): "TERMS: in which order products are added up, not which",
    ("_one_moment", "0 * xp.ones_like(theta)", "0 / xp.ones_like(theta)"): "0 divided by 1 is 0",
    ("_two_moments", "0 * xp.ones_like(theta)", "0 / xp.ones_like(theta)"): "0 divided by 1 is 0",
}
"""(function, before, after) → why no theorem can reject the mutant."""


class Mutation(NamedTuple):
    """One change: its file, line, function, kind, the text before and after, and the source it gives."""

    file: str
    line: int
    function: str
    kind: str
    before: str
    after: str
    source: str


class Fate(NamedTuple):
    """What became of a mutant: the equation that failed, or nothing if it survived."""

    mutation: Mutation
    killer: str
    seconds: float


def variants(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Every (kind, changed node) of one node."""
    if isinstance(node, ast.BinOp) and type(node.op) in SWAPPED:
        kind = SWAPPED[type(node.op)]
        if kind == "swap @":
            yield "swap @", ast.BinOp(node.right, node.op, node.left)
        else:
            yield f"binary {kind}", ast.BinOp(node.left, BINARY[kind](), node.right)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "sign dropped", node.operand
    elif isinstance(node, ast.Compare):
        for other in COMPARISONS[type(node.ops[0])]:
            yield "comparison", ast.Compare(node.left, [other()], node.comparators)
    elif isinstance(node, ast.BoolOp):
        yield "and ↔ or", ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield "bool", ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield "number + 1", ast.Constant(node.value + 1)
        yield "number − 1", ast.Constant(node.value - 1)
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield "transpose dropped", node.value


def mutations(path: Path) -> list[Mutation]:
    """Every mutant of one file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = []
    checked = set(_checked(tree))
    for place, node in enumerate(list(ast.walk(tree))):
        if node in checked:
            continue
        for kind, changed in variants(node):
            mutant = copy.deepcopy(tree)
            target = list(ast.walk(mutant))[place]
            replaced = ast.fix_missing_locations(_Replace(target, copy.deepcopy(changed)).visit(mutant))
            name, line = _function_of(tree, node), getattr(node, "lineno", 0)
            source = ast.unparse(replaced)
            found.append(
                Mutation(path.name, line, name, kind, ast.unparse(node), ast.unparse(changed), source)
            )
    return found


def _checked(tree: ast.AST) -> Iterator[ast.AST]:
    """Everything that is handed to a function of `chainrule.checks`."""
    imports = (n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module == "chainrule.checks")
    names = {alias.name for node in imports for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield from ast.walk(node)


class _Replace(ast.NodeTransformer):
    def __init__(self, target: ast.AST, changed: ast.AST) -> None:
        self.target, self.changed = target, changed

    def visit(self, node: ast.AST) -> Any:
        return self.changed if node is self.target else self.generic_visit(node)


def _function_of(tree: ast.AST, node: ast.AST) -> str:
    around = [
        f
        for f in ast.walk(tree)
        if isinstance(f, ast.FunctionDef | ast.ClassDef) and any(n is node for n in ast.walk(f))
    ]
    return around[-1].name if around else "(module)"


def examine(mutation: Mutation, results: Any) -> None:
    """In a process of its own: load the mutant, run the theorems on it, tell which one failed."""
    results.put(_killer(mutation))


def _killer(mutation: Mutation) -> str:
    for name in [name for name in sys.modules if name.startswith(("chainrule.equations", "chainrule.proof"))]:
        del sys.modules[name]
    module = ModuleType(f"chainrule.equations.{mutation.file.removesuffix('.py')}")
    module.__file__ = str(EQUATIONS / mutation.file)
    try:
        importlib.import_module("chainrule.equations")
        sys.modules[module.__name__] = module
        exec(compile(mutation.source, mutation.file, "exec"), module.__dict__)
        theorems = importlib.import_module("chainrule.proof.theorems").THEOREMS
    except Exception as error:
        return f"import: {error}"
    first = FIRST[mutation.file]
    for theorem in sorted(theorems, key=lambda t: (t.tag not in first, t.tag == "NET")):
        failure = theorem.prove()
        if failure:
            return f"{theorem.tag} {theorem.name}"
        if theorem.measure()[0] > 1e-8:
            return f"{theorem.tag} {theorem.name} (measured)"
    return ""


def fate(mutation: Mutation, limit: float) -> Fate:
    """Examine a mutant; one that no theorem decides within the limit counts as killed by it."""
    started = time.perf_counter()
    context = multiprocessing.get_context("fork")
    results = context.SimpleQueue()
    process = context.Process(target=examine, args=(mutation, results))
    process.start()
    process.join(limit)
    if process.is_alive():
        process.kill()
        process.join()
        return Fate(mutation, "no proof within the time limit", limit)
    killer = results.get() if not results.empty() else f"the process ended with {process.exitcode}"
    return Fate(mutation, killer, time.perf_counter() - started)


def report(fates: list[Fate]) -> str:
    """The kill table by file and kind, who killed how many, and the survivors."""
    lines = [f"{'file':16}{'kind':20}{'killed':>8}{'of':>6}"]
    total, killed = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for f in fates:
        total[f.mutation.file, f.mutation.kind] += 1
        killed[f.mutation.file, f.mutation.kind] += bool(f.killer)
    lines += [f"{file:16}{kind:20}{killed[file, kind]:8}{n:6}" for (file, kind), n in sorted(total.items())]
    lines += ["", "killed by"]
    by = Counter(f.killer for f in fates if f.killer)
    lines += [f"{n:6}  {killer}" for killer, n in by.most_common()]
    lines += ["", f"{sum(killed.values())} of {len(fates)} killed. Survivors:"]
    for f in fates:
        if not f.killer:
            m = f.mutation
            why = EQUIVALENT.get((m.function, m.before, m.after), "UNEXPLAINED")
            lines.append(f"  {m.file}:{m.line} {m.function}: {m.before} → {m.after}: {why}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--file", help="one file of the equations, such as heads.py")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--limit", type=float, default=120.0, help="seconds for one mutant")
    parser.add_argument("--verbose", action="store_true", help="tell every mutant's fate as it is known")
    options = parser.parse_args()
    every = [path for path in sorted(EQUATIONS.glob("[a-z]*.py")) if path.name not in NO_EQUATIONS]
    paths = [EQUATIONS / options.file] if options.file else every
    found = [mutation for path in paths for mutation in mutations(path)]
    importlib.import_module("chainrule.proof.theorems")  # so that every process starts with SymPy loaded
    fates = []
    with ThreadPoolExecutor(options.processes) as pool:
        for done in pool.map(lambda mutation: fate(mutation, options.limit), found):
            fates.append(done)
            if options.verbose:
                m = done.mutation
                print(
                    f"{m.file}:{m.line} {m.function}: {m.before} → {m.after}: {done.killer or 'SURVIVED'}",
                    flush=True,
                )
    print(report(fates))


if __name__ == "__main__":
    main()
