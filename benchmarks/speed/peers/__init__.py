"""The competitors by name. Each is imported in a process of its own, and nowhere else."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import NamedTuple, cast

from benchmarks.speed.peers.base import Peer


class Entry(NamedTuple):
    """Where a competitor is, and what it needs."""

    title: str
    module: str
    package: str
    trains: bool = True
    own_threads: bool = False
    """Whether it picks its number of threads itself."""
    multiplies: bool = False
    """Whether its matrix product is measured."""


OURS = "chainrule"
PEERS = {
    OURS: Entry("chainrule", "ours", "chainrule", own_threads=True),
    "reference": Entry("chainrule, reference", "reference", "chainrule", own_threads=True),
    "jax": Entry("JAX", "jax_scan", "jax", multiplies=True),
    "torch": Entry("PyTorch", "pytorch", "torch", multiplies=True),
    "torch-step": Entry("PyTorch, step compiled", "pytorch_step", "torch"),
    "sklearn": Entry("scikit-learn", "sklearn_mlp", "sklearn"),
    "onnxruntime": Entry("onnxruntime", "onnx_session", "onnxruntime", trains=False),
    "numpy": Entry("NumPy", "numpy_loop", "numpy", multiplies=True),
}


def make(name: str, threads: int | None) -> Peer:
    """Import a competitor, with that many threads; None leaves the number to it."""
    module = import_module(f"benchmarks.speed.peers.{PEERS[name].module}")
    return cast(Peer, module.peer(threads))


def installed(name: str) -> bool:
    """Whether the package of a competitor is there."""
    return find_spec(PEERS[name].package) is not None
