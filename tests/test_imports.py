"""The arrows of the design, read from the source, and what `import chainrule` costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import chainrule

SOURCE = Path(chainrule.__file__).parent
MODULES = {
    ".".join(("chainrule", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in sorted(SOURCE.rglob("*.py"))
}
LAZY = (
    "llvmlite",
    "sklearn",
    "rich",
    "safetensors",
    "scipy.stats",
    "sympy",
    "jax",
    "torch",
    "pyarrow",
    "onnx",
    "click",
)


def imports(path, *, top_level=False):
    """Dotted names that a file imports; those for type checkers alone do not count."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {name for node in _statements(tree, top_level) for name in _names(node)}


def _statements(node, top_level):
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if top_level and isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child
        yield from _statements(child, top_level)


def _names(node):
    """``from a import b`` counts as a.b, which is at least as much as it imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    assert node.level == 0, "imports are absolute"
    return [f"{node.module}.{alias.name}" for alias in node.names]


def within(name, packages):
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def within_any(names, package):
    return any(within(name, [package]) for name in names)


def modules(prefix):
    chosen = [name for name in MODULES if within(name, [prefix])]
    assert chosen, prefix
    return chosen


SYMPY = ["chainrule.proof", "chainrule.formulas", "chainrule.derivation"]
"""What proofs and derivations are made of; nothing else imports it."""
ALLOWED_IN_PROOFS = {"chainrule.proof.claims.autodiff": ("jax",)}
"""JAX is in one module alone."""

STDLIB = ("__future__", "math", "typing", "collections")


@pytest.mark.parametrize("module", modules("chainrule.equations"))
def test_equations_import_mathematics_only(module):
    allowed = ("chainrule.types", "chainrule.equations", *STDLIB)
    assert [name for name in imports(MODULES[module]) if not within(name, allowed)] == []


@pytest.mark.parametrize("module", modules("chainrule.engines"))
def test_engines_import_the_mathematics_only_and_not_each_other(module):
    """Besides, `choice` knows the engines, and the reference decides samples as evaluation does."""
    ours = [name for name in imports(MODULES[module]) if within(name, ["chainrule"])]
    allowed = [
        "chainrule.types",
        "chainrule.equations",
        "chainrule.equations.optimizers",
        "chainrule.engines.base",
    ]
    allowed.append(module)
    if within(module, ["chainrule.engines.llvm"]):
        allowed += ["chainrule.engines.llvm", "chainrule.files.atomic"]
    if module == "chainrule.engines.choice":
        allowed += ["chainrule.engines", "chainrule.errors"]
    if module == "chainrule.engines.reference":
        allowed.append("chainrule.evaluation")
    assert [name for name in ours if not within(name, allowed)] == []


FORBIDDEN = {
    "chainrule.types": ["chainrule"],
    "chainrule.errors": ["chainrule"],
    "chainrule.model.validate": ["chainrule.network", "chainrule.training.fit", "chainrule.training.loop"],
    "chainrule.files.tensors": ["chainrule.network", "chainrule.training.fit", "chainrule.training.loop"],
    "chainrule.files.atomic": ["chainrule.network", "chainrule.files.tensors", "numpy"],
    "chainrule.equations.optimizers": [
        "chainrule.training.loop",
        "chainrule.network",
        "chainrule.engines",
        "numpy",
    ],
    "chainrule.training.schedules": [
        "chainrule.training.loop",
        "chainrule.network",
        "chainrule.engines",
        "numpy",
    ],
    "chainrule.model.initializers": ["chainrule.training.loop", "chainrule.network", "chainrule.engines"],
    "chainrule.training.loop": ["chainrule.network", "chainrule.training.fit", "chainrule.datasets"],
    "chainrule.training.state": [
        "chainrule.network",
        "chainrule.training.loop",
        "chainrule.engines",
        "numpy",
    ],
    "chainrule.training.checkpoints": [
        "chainrule.network",
        "chainrule.training.fit",
        "chainrule.training.resume",
        "chainrule.training.loop",
        "chainrule.engines",
    ],
    "chainrule.files.locks": ["chainrule.network", "chainrule.files.tensors", "numpy"],
    "chainrule.evaluation": ["chainrule.network", "chainrule.training.loop"],
    "chainrule.formulas": ["chainrule.network", "chainrule.training.loop", "chainrule.proof"],
    "chainrule.diagnosis": [
        "chainrule.network",
        "chainrule.training.loop",
        "chainrule.training.fit",
        "chainrule.proof.claims.theorem",
        "chainrule.proof.theorems",
    ],
    "chainrule.exchange": [
        "chainrule.training.loop",
        "chainrule.training.fit",
        "chainrule.engines",
        "chainrule.formulas",
        "chainrule.derivation",
    ],
    "chainrule.datasets": ["chainrule.network", "chainrule.training.loop", "chainrule.training.fit"],
}


@pytest.mark.parametrize(("module", "forbidden"), FORBIDDEN.items(), ids=FORBIDDEN.keys())
def test_arrows_point_one_way(module, forbidden):
    found = {name for part in modules(module) for name in imports(MODULES[part])}
    assert [name for name in found if within(name, forbidden)] == []


@pytest.mark.parametrize("module", MODULES)
def test_nothing_imports_tests_or_the_command_line(module):
    forbidden = ["tests", "conftest", "pytest", "hypothesis", "calculus"]
    if not within(module, ["chainrule.cli", "chainrule.__main__"]):
        forbidden.append("chainrule.cli")
    users = ["chainrule.proof", "chainrule.cli.prove", "chainrule.cli.check", "chainrule.diagnosis"]
    users += ["chainrule.explain.check", "chainrule.derivation"]
    if module != "chainrule" and not within(module, users):  # its public names are imported when first used
        forbidden.append("chainrule.proof")
    assert [name for name in imports(MODULES[module]) if within(name, forbidden)] == []


@pytest.mark.parametrize("module", [name for name in MODULES if not within(name, ["chainrule.cli"])])
def test_heavy_packages_are_imported_when_used(module):
    heavy = LAZY if within(module, ["chainrule.plots"]) else (*LAZY, "matplotlib")
    if within(module, SYMPY):
        heavy = [name for name in heavy if name not in ALLOWED_IN_PROOFS.get(module, ("sympy",))]
    if within(module, ["chainrule.engines.llvm"]):
        heavy = [name for name in heavy if name != "llvmlite"]
    if within(module, ["chainrule.estimator"]):
        heavy = [name for name in heavy if name != "sklearn"]
    found = imports(MODULES[module], top_level=True)
    assert [name for name in found if within(name, heavy)] == []


@pytest.mark.parametrize("module", [name for name in MODULES if within(name, ["chainrule.cli"])])
def test_the_command_line_starts_without_heavy_packages(module):
    heavy = (*(name for name in LAZY if name != "click"), "matplotlib", "chainrule.plots")
    found = imports(MODULES[module], top_level=True)
    assert [name for name in found if within(name, heavy)] == []


def test_the_reader_of_imports_sees_them():
    """Checked on what is known, so that the tests above cannot pass by seeing nothing."""
    assert "chainrule.equations.affine.affine" in imports(MODULES["chainrule.equations.network"])
    storage = MODULES["chainrule.files.tensors"]
    assert "safetensors.safe_open" in imports(storage)
    assert "safetensors.safe_open" not in imports(storage, top_level=True)


def loaded_by(code):
    """Modules that a fresh interpreter has after running ``code``."""
    code = f"import sys; {code}; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_import_chainrule_costs_next_to_nothing():
    loaded = loaded_by("import chainrule; dir(chainrule)")
    assert not loaded & {"numpy", "scipy", "sklearn", "matplotlib", "rich", "safetensors", "click"}
    assert {name for name in loaded if within(name, ["chainrule"])} == {"chainrule"}


def test_making_a_network_imports_no_heavy_package():
    loaded = loaded_by(
        "import chainrule; n = chainrule.Network([2, 3, 2], seed=0); "
        "n.fit([[0, 1], [1, 0]], [0, 1], epochs=1, progress=False); n.evaluate([[0, 1]], [0])"
    )
    assert not loaded & {"sklearn", "matplotlib", "rich", "safetensors", "scipy.stats", "click"}


def test_an_explanation_takes_its_numbers_from_the_equations():
    """It knows the reference engine, and asks the proofs for differences in one module alone."""
    allowed = ["types", "errors", "checks", "inputs", "evaluation", "equations", "engines.reference"]
    allowed += ["optimizers", "explain", "plots"]
    for module in modules("chainrule.explain"):
        known = _known(
            [*allowed, "proof.differences", "proof.report", "proof.tensors"]
            if module.endswith(".check")
            else allowed
        )
        ours = [
            name for name in imports(MODULES[module]) if within(name, ["chainrule"]) and name != "chainrule"
        ]
        assert [name for name in ours if not within(name, known)] == [], module


@pytest.mark.parametrize("module", [name for name in MODULES if not within(name, ["chainrule.explain"])])
def test_only_the_network_and_its_command_explain(module):
    found = [name for name in imports(MODULES[module]) if within(name, ["chainrule.explain"])]
    if within(module, ["chainrule.diagnosis"]):  # it sets its report with the same blocks
        setting = [f"chainrule.explain.{part}" for part in ("blocks", "layout", "markup")]
        found = [name for name in found if not within(name, setting)]
    assert module in ("chainrule.network", "chainrule.cli.explain") or not found


def test_only_its_own_module_knows_another_program():
    """An optional package is imported in one module alone, and training in none of them."""
    for package, home in (("onnx", "onnx_file"), ("torch", "torch_module"), ("sklearn", "sklearn_mlp")):
        users = [
            name for name in modules("chainrule.exchange") if within_any(imports(MODULES[name]), package)
        ]
        assert users == [f"chainrule.exchange.{home}"]
    loaded = loaded_by(
        "import chainrule; n = chainrule.Network([2, 3, 2], seed=0); "
        "n.fit([[0, 1], [1, 0]], [0, 1], epochs=1, progress=False); n.predict([[0, 1]])"
    )
    assert not {name for name in loaded if within(name, ["chainrule.exchange"])}


def test_training_needs_no_explanation():
    loaded = loaded_by(
        "import chainrule; n = chainrule.Network([2, 3, 2], seed=0); "
        "n.fit([[0, 1], [1, 0]], [0, 1], epochs=1, progress=False); import chainrule.cli.train"
    )
    assert not {name for name in loaded if within(name, ["chainrule.explain"])}


def test_an_explanation_needs_neither_sympy_nor_matplotlib():
    loaded = loaded_by(
        "import chainrule; n = chainrule.Network([2, 3, 2], seed=0); e = n.explain([1, 2], 0); "
        "str(e.weight(1, 0, 1)); str(e)"
    )
    assert "chainrule.explain.check" in loaded
    assert not loaded & {"sympy", "matplotlib", "sklearn", "rich", "click", "scipy.stats"}


def test_a_diagnosis_needs_neither_sympy_nor_matplotlib():
    loaded = loaded_by(
        "import chainrule; d = chainrule.diagnose(lambda weights, biases, x, y: (weights, biases)); str(d)"
    )
    assert "chainrule.diagnosis.verdict.search" in loaded
    assert not loaded & {
        "sympy",
        "matplotlib",
        "sklearn",
        "rich",
        "click",
        "torch",
        "jax",
        "chainrule.network",
    }


def test_training_needs_no_proof():
    loaded = loaded_by(
        "import chainrule; n = chainrule.Network([2, 3, 2], seed=0); "
        "n.fit([[0, 1], [1, 0]], [0, 1], epochs=1, progress=False); import chainrule.cli.train"
    )
    assert not {name for name in loaded if within(name, ["sympy", "jax", "chainrule.proof"])}


def test_proofs_need_no_jax():
    assert not {name for name in loaded_by("import chainrule.proof.theorems") if within(name, ["jax"])}


def test_proofs_import_no_training():
    """Equations, optimisers, and the checks of what a user hands in; no loop and no files.

    Only the gradient check, which is asked about a `Network`, names that type.
    """
    allowed = ("types", "errors", "checks", "inputs", "equations", "optimizers", "engines.reference", "proof")
    for module in modules("chainrule.proof"):
        known = _known(
            (*allowed, "network.Network") if module == "chainrule.proof.measured.numeric" else allowed
        )
        ours = [
            name for name in imports(MODULES[module]) if within(name, ["chainrule"]) and name != "chainrule"
        ]
        assert [name for name in ours if not within(name, known)] == [], module


def test_derivations_import_equations_and_proofs():
    """No loop, no files, no data; only `derive`, which is asked about a `Network`, names that type."""
    allowed = ("types", "errors", "checks", "inputs", "equations", "optimizers", "engines.reference")
    users = ["chainrule.derivation.network", "chainrule.derivation.sections.numbers"]
    for module in modules("chainrule.derivation"):
        names = (*allowed, "proof", "formulas", "derivation")
        known = _known((*names, "network.Network") if module in users else names)
        ours = [
            name for name in imports(MODULES[module]) if within(name, ["chainrule"]) and name != "chainrule"
        ]
        assert [name for name in ours if not within(name, known)] == [], module


def test_nothing_that_trains_imports_derivations():
    for module in MODULES:
        users = ["chainrule.derivation", "chainrule.cli.derive", "chainrule.report"]
        if module != "chainrule" and not within(module, users):
            assert not [n for n in imports(MODULES[module]) if within(n, ["chainrule.derivation"])], module


def test_nothing_that_trains_imports_reports():
    users = ["chainrule.report", "chainrule.cli.report", "chainrule.cli.compare"]
    for module in MODULES:
        if not within(module, users):
            assert not [n for n in imports(MODULES[module]) if within(n, ["chainrule.report"])], module


def test_a_search_is_imported_by_its_command_alone():
    for module in MODULES:
        if not within(module, ["chainrule.tuning", "chainrule.cli.tune"]):
            assert not [n for n in imports(MODULES[module]) if within(n, ["chainrule.tuning"])], module


def _known(names):
    return [f"chainrule.{name}" for name in names]


def test_every_public_name_is_there():
    assert sorted(chainrule.__all__) == chainrule.__all__
    for name in chainrule.__all__:
        assert getattr(chainrule, name) is not None
    assert set(chainrule.__all__) <= set(dir(chainrule))
    with pytest.raises(AttributeError, match="no attribute 'Netwrok'"):
        chainrule.Netwrok  # noqa: B018
