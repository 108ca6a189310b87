"""Listings are the code that runs, made for a fixed processor."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("llvmlite")

from chainrule.engines.llvm.analysis.listing import (
    assembly,
    d_phi_code,
    descend_code,
    intermediate,
    operations,
    phi_code,
)
from chainrule.engines.llvm.machine.processor import Shape
from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.optimizers import OPTIMIZERS

X86 = "x86_64" in __import__("platform").machine() or "AMD64" in __import__("platform").machine()


def test_the_slope_of_the_sigmoid():
    text = intermediate(d_phi_code("sigmoid"))
    assert "fsub contract nsz <8 x float> splat (float 1), %9" in text
    assert "fmul contract nsz <8 x float> %9, %10" in text
    assert operations(d_phi_code("sigmoid")) == 2


def test_operations_are_counted_for_each_body():
    assert operations(d_phi_code("identity")) == 0
    assert operations(d_phi_code("tanh")) == 2
    assert operations(phi_code("tanh")) > 10


@pytest.mark.parametrize("lanes", [4, 8, 16])
def test_the_width_is_the_one_asked_for(lanes):
    assert f"<{lanes} x float>" in intermediate(phi_code("relu", Shape(4, lanes, 16)))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_can_be_listed(name):
    assert "store <8 x float>" in intermediate(phi_code(name))
    assert "store <8 x float>" in intermediate(d_phi_code(name))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimiser_can_be_listed_with_the_numbers_it_reads(name):
    unit, slots = descend_code(name)
    assert "eta" in slots.expressions
    assert intermediate(unit).count("store") >= 1


@pytest.mark.skipif(not X86, reason="this LLVM may make code for its own kind of processor only")
def test_assembly_fuses_and_does_not_depend_on_the_machine():
    text = assembly(descend_code("adam")[0])
    assert "vfmadd" in text
    assert "vrcpps" in text
    assert "zmm" not in text
    listing = "from chainrule.engines.llvm.analysis.listing import assembly, descend_code; "
    program = listing + "print(assembly(descend_code('adam')[0]), end='')"
    again = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert again.stdout == text
