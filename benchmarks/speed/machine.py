"""On what was measured: processor, versions, and what chainrule says of itself."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.speed.peers import OURS, PEERS
from benchmarks.speed.team import ROOT, environment

DISTRIBUTIONS = {"sklearn": "scikit-learn"}
"""Packages that are installed by another name."""


def machine(peers: tuple[str, ...], folder: Path) -> dict[str, Any]:
    """Processor, cores, Python, and the version of every competitor's package."""
    entries = {PEERS[peer].package: PEERS[peer].title for peer in reversed(("numpy", OURS, *peers))}
    return {
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "python": platform.python_version(),
        "versions": {title: _version(package) for package, title in reversed(entries.items())},
        "doctor": doctor(folder),
    }


def processor() -> str:
    """The processor's name, where the system tells it."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def doctor(folder: Path) -> dict[str, Any] | None:
    """What `chainrule doctor --json` prints; None where there is no such command."""
    command = [sys.executable, "-m", "chainrule", "doctor", "--json"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(None, folder), capture_output=True, text=True, check=False
    )
    try:
        said: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        return None
    return said


def _version(package: str) -> str:
    if package == OURS:
        import chainrule

        return chainrule.__version__
    try:
        return version(DISTRIBUTIONS.get(package, package))
    except PackageNotFoundError:
        return "?"
