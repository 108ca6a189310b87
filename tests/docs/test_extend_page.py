"""docs/how-to/extend.md, applied to a copy of the source: whole, and with each step left out."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

import chainrule
from tests.patience import PATIENCE

SOURCE = Path(chainrule.__file__).parent
PAGE = (Path(__file__).parents[2] / "docs/how-to/extend.md").read_text(encoding="utf-8")
BLOCK = re.compile(
    r'^ *```\{code-block\} python\n *:caption: ([^\s,]+)(?:, above "([^\n]*)")?\n\n(.*?)^ *```$'
    r"(.*?)(?=^ *```\{code-block\}|\Z)",
    re.MULTILINE | re.DOTALL,
)


class Step(NamedTuple):
    """Code that is added to a file, above a line, and the error where it is missing."""

    file: str
    above: str
    code: str
    error: str

    def apply(self, package):
        """Add the code, or make the file."""
        path = package / self.file
        if not self.above:
            assert not path.exists()
            path.write_text(self.code, encoding="utf-8")
            return
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        place = next(number for number, line in enumerate(lines) if line.lstrip().startswith(self.above))
        path.write_text("".join([*lines[:place], self.code, *lines[place:]]), encoding="utf-8")


def steps_of(section):
    """The steps of a section; code is indented by three columns, as the list is."""
    found = []
    for file, above, block, rest in BLOCK.findall(section):
        code = "".join(line[3:] or "\n" for line in block.splitlines(keepends=True))
        error = re.search(r"```text\n(.*?)```", rest, re.DOTALL)
        found.append(Step(file, above, code, " ".join(error[1].split()) if error else ""))
    return found


PARTS = re.findall(r"^## (An? .+?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
SECTIONS = {title: steps_of(text) for title, text in PARTS}

START = """
import warnings; warnings.simplefilter("error")
import chainrule, numpy as np
from sklearn.exceptions import ConvergenceWarning
warnings.simplefilter("ignore", ConvergenceWarning)
from chainrule import Network
from chainrule.proof.theorems import THEOREMS, examine
X = np.random.default_rng(0).normal(size=(60, 3)); y = np.arange(60) % 3
def fitted(layers=(3, 4, 3), options=None, **fit):
    nets = [
        Network(list(layers), seed=0, engine=engine, **(options or {})) for engine in ("llvm", "reference")
    ]
    for net in nets:
        net.fit(X, y, epochs=3, progress=False, **fit)
    for one, other in zip(*(net.params for net in nets)):
        np.testing.assert_allclose(one.W, other.W, rtol=1e-6, atol=1e-9)
    return nets[0]
def prove(name):
    for theorem in [theorem for theorem in THEOREMS if theorem.name == name]:
        result = examine(theorem)
        assert result.passed, result.failure
"""

ON_THE_WAY_BACK = """
from pathlib import Path
from chainrule.proof.mutants import examine as mutants
def everywhere(net, target):
    net.save("m.safetensors")
    again = Network.load("m.safetensors")
    assert (again.predict_proba(X) == net.predict_proba(X)).all()
    assert "nan" not in str(net.explain(X[0], 1)) + str(net.explain(X[0], 1).weight(1, 0, 1))
    assert chainrule.gradient_check(net, X, y).passed
    for file in ("e.c", "e.py", "e.onnx"):
        net.export(file)
    names = {}
    exec(Path("e.py").read_text(), names)
    np.testing.assert_allclose(names["predict_proba"](X), net.predict_proba(X), rtol=1e-9)
    mutants.complete()
    assert all(mutants.judge(mutant).killed for mutant in mutants.MUTANTS if mutant.target == target)
"""

CODE = """
import numpy as np
def gaussian(z): return np.exp(-z**2)
def d_gaussian(z): return -2 * {z} * gaussian(z)
def gradients(weights, biases, x, y):
    z1 = weights[0] @ x + biases[0]; a1 = gaussian(z1); z2 = weights[1] @ a1 + biases[1]
    e = np.exp(z2 - z2.max()); d2 = e / e.sum() - y; d1 = (weights[1].T @ d2) * d_gaussian(z1)
    return [np.outer(d1, x), np.outer(d2, a1)], [d1, d2]
"""

CHECKS = {
    "An activation": START + ON_THE_WAY_BACK + f"""
everywhere(fitted(options={{"hidden": "gaussian"}}), "d_gaussian")
prove("gaussian")
from chainrule.diagnosis import diagnose_file
for z, verdict in (("z", "right"), ("1", "wrong")):
    Path("mine.py").write_text({CODE!r}.format(z=z))
    found = diagnose_file("mine.py", None, (3, 4, 2))
    assert found.verdict == verdict, str(found)
assert "z forgotten" in str(found)
document = str(chainrule.derive(Network([2, 2, 2], hidden="gaussian")))
assert "verified" in document and "gaussian" in document
""",
    "A head": START + ON_THE_WAY_BACK + """
net = fitted(options={"output": "brier"})
everywhere(net, "brier_error")
prove("brier")
assert "½ Σ_m" in str(net.explain(X[0], 1))
def brier(weights, biases, x, y):
    a1 = 1 / (1 + np.exp(-weights[0] @ x - biases[0])); z2 = weights[1] @ a1 + biases[1]
    a2 = np.exp(z2 - z2.max()); a2 /= a2.sum(); e = a2 * (a2 - y); d2 = e - a2 * e.sum()
    d1 = (weights[1].T @ d2) * a1 * (1 - a1)
    return [np.outer(d1, x), np.outer(d2, a1)], [d1, d2]
assert chainrule.diagnose(brier, output="softmax", loss="quadratic").verdict == "right"
try:
    chainrule.derive(net)
except chainrule.InputError as error:
    assert "as softmax, sigmoid, quadratic; got 'brier'" in str(error)
else:
    raise AssertionError
""",
    "An optimiser": START + """
fitted(optimizer="signsgd")
prove("signsgd")
chainrule.ChainruleClassifier((4,), solver="signsgd", max_iter=2).fit(X, y)
from chainrule.cli import chainrule_command
command = "train --optimizer signsgd --epochs 1 --no-progress"
chainrule_command(command.split(), standalone_mode=False)
""",
    "A schedule": START + """
fitted(schedule="linear")
assert chainrule.training.schedules.SCHEDULES["linear"]().share(1, 4) == 0.75
chainrule.ChainruleClassifier((4,), learning_rate="linear", max_iter=2).fit(X, y)
""",
    "An engine": START + """
import copy
net = Network([3, 4, 3], seed=0, engine="longdouble", dtype="float32")
net.fit(X, y, epochs=1, progress=False)
reference = copy.copy(net)
reference.engine = "reference"
np.testing.assert_allclose(net.predict_proba(X), reference.predict_proba(X), rtol=1e-5)
assert net.predict_proba(X).dtype == np.float32
""",
}  # fmt: skip


@pytest.fixture
def package(tmp_path):
    """A copy of the source."""
    return Path(
        shutil.copytree(SOURCE, tmp_path / "src/chainrule", ignore=shutil.ignore_patterns("__pycache__"))
    )


def check(package, title):
    """Run what a section should make possible, with the package as it is now."""
    environment = {**os.environ, "PYTHONPATH": str(package.parent), "MPLBACKEND": "agg"}
    work = package.parent.parent
    return subprocess.run(
        [sys.executable, "-c", CHECKS[title]], cwd=work, env=environment, capture_output=True, text=True,
        encoding="utf-8", check=False, timeout=PATIENCE,
    )  # fmt: skip


def test_the_page_has_what_it_promises():
    assert list(SECTIONS) == list(CHECKS)
    assert all(len(steps) > 1 for steps in SECTIONS.values())
    assert all(any(step.error for step in steps) for steps in SECTIONS.values())


@pytest.mark.parametrize("title", SECTIONS)
def test_by_its_steps_it_works_everywhere(package, title):
    for step in SECTIONS[title]:
        step.apply(package)
    done = check(package, title)
    assert done.returncode == 0, done.stderr


MISSING = [(title, step) for title, steps in SECTIONS.items() for step in steps if step.error]


@pytest.mark.parametrize(("title", "missing"), MISSING, ids=lambda part: getattr(part, "file", part))
def test_a_step_that_is_left_out_is_named(package, title, missing):
    for step in SECTIONS[title]:
        if step is not missing:
            step.apply(package)
    done = check(package, title)
    assert done.returncode == 1
    assert missing.error in " ".join(done.stderr.split()), done.stderr
