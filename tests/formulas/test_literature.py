"""Activations from the literature, as the benchmark lists them, and the page that shows its table."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import mpmath
import numpy as np
import pytest

from chainrule import Activation, Head
from chainrule.engines.reference import NUMPY
from chainrule.formulas import exact
from chainrule.formulas.functions import Z
from chainrule.formulas.language import read

ROOT = Path(__file__).parents[2]
FORMULAS = runpy.run_path(str(ROOT / "benchmarks" / "formulas.py"))["FORMULAS"]
PAGE = (ROOT / "docs" / "formulas.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FORMULAS)
def test_it_is_derived_without_a_warning_and_to_rounding(name):
    activation = Activation.from_formula(FORMULAS[name])
    for errors in (activation.accuracy.value, activation.accuracy.slope):
        assert errors["float32"].error < 2e-6
        assert errors["float64"].error < 2e-14
    for z in (-3.3, 0.7, 11.1):  # no points of the checker's own
        right = exact.evaluate(read(FORMULAS[name], [Z]), {Z: z}, Z)
        a = activation.phi(NUMPY, np.array([z]))
        assert float(a[0]) == pytest.approx(float(right.value), rel=1e-13, abs=1e-13)
        slope = activation.d_phi(NUMPY, np.array([z]), a)
        assert float(slope[0]) == pytest.approx(float(right.slope), rel=1e-13, abs=1e-13)
    assert mpmath.mp.dps == 15  # the precision of others is left alone


def test_the_page_lists_them_all():
    assert len(FORMULAS) >= 30
    for name, formula in FORMULAS.items():
        assert re.search(rf"^{re.escape(name)} +{re.escape(formula)} ", PAGE, flags=re.MULTILINE), name


def test_the_pages_derivations_are_those_made():
    cross_entropy = "-(y*log(a)+(1-y)*log(1-a))"
    for made in (
        Activation.from_formula("z*tanh(log(1+exp(z)))"),
        Head.from_formulas("1/(1+exp(-z))", cross_entropy),
    ):
        assert str(made.derivation()) in PAGE
        assert made.source in PAGE
        assert str(made.accuracy) in PAGE


def test_the_pages_code_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    exec(code, {})
    assert "focal loss" in capsys.readouterr().out
    assert (tmp_path / "mish.safetensors").exists()
