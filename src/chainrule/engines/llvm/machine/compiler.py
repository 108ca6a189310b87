"""LLVM's compiler, and the cache of the code it has made.

Compiled code is kept as an object file, named by a hash of everything it depends on: the source of the
generated code, the processor and its features, LLVM's version. Where one of them changes, no file is found,
and the code is compiled again. A file is written under another name and then renamed, so that two processes
that start at once both work. It is signed with a secret of this user, in a folder of this user's own: what is
damaged, or was put there by somebody else, is made again. Where nothing can be kept like that, the code is
compiled in each process.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chainrule.engines.base import tell
from chainrule.engines.llvm.machine.processor import Processor, llvm
from chainrule.files.places import cache_folder
from chainrule.files.signed import read_signed, write_signed

FORMAT = b"chainrule 2\n"
"""Changed when the way of calling generated code changes, or that of keeping it."""


class Compiled:
    """Machine code in memory; `function` gives a Python function for one of its names."""

    def __init__(self, compiler: Any, seconds: float, cached: bool) -> None:
        self._compiler = compiler
        self.seconds = seconds
        self.cached = cached

    def function(self, name: str, parameters: int) -> Any:
        """A function of that many 64-bit integers. Python's other threads run while it does."""
        address = self._compiler.get_function_address(name)
        return ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * parameters)(address)


def compile_text(
    text: Callable[[], str], key: str, target: Processor, folder: Path | None = None
) -> Compiled:
    """Machine code for the text of a unit, from the cache where that key is in it.

    A listener is told when code has to be generated, and how long that took (`base.listening`).

    Args:
        text: writes LLVM's intermediate code; not asked where the cache has the key.
        key: changes whenever the text would.
        target: the processor it is for.
        folder: another place for the cache.
    """
    started = time.perf_counter()
    name = _name(key, target)
    code = _kept(name, folder)
    cached = code is not None
    machine = target_machine(target)
    if code is None:
        tell(None)
        code = bytes(machine.emit_object(optimized(text(), machine, target)))
        _keep(name, folder, code)
        tell(time.perf_counter() - started)
    compiler = llvm().create_mcjit_compiler(llvm().parse_assembly(""), machine)
    compiler.add_object_file(llvm().object_file.ObjectFileRef.from_data(code))
    compiler.finalize_object()
    return Compiled(compiler, time.perf_counter() - started, cached)


def target_machine(target: Processor) -> Any:
    """LLVM's generator of code for that processor."""
    kind = llvm().Target.from_triple(target.triple)
    return kind.create_target_machine(cpu=target.name, features=target.features, opt=2, jit=True)


def optimized(text: str, machine: Any, target: Processor) -> Any:
    """LLVM's module of a unit's text, after LLVM has simplified it."""
    module = llvm().parse_assembly(text)
    module.triple = target.triple
    module.data_layout = str(machine.target_data)
    options = llvm().create_pipeline_tuning_options(speed_level=2)
    options.loop_vectorization = options.slp_vectorization = options.loop_unrolling = False
    builder = llvm().create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return module


def code_folder() -> Path:
    """Where compiled code is kept."""
    return cache_folder() / "code"


def _kept(name: str, folder: Path | None) -> bytes | None:
    with contextlib.suppress(OSError):  # without a home folder there is no cache
        return read_signed((folder or code_folder()) / name)
    return None


def _keep(name: str, folder: Path | None, code: bytes) -> None:
    with contextlib.suppress(OSError):
        write_signed((folder or code_folder()) / name, code)


def versions() -> tuple[str, str]:
    """Of llvmlite, and of LLVM itself."""
    import llvmlite

    return llvmlite.__version__, ".".join(map(str, llvm().llvm_version_info))


def _name(key: str, target: Processor) -> str:
    version = ".".join(map(str, llvm().llvm_version_info))
    facts = "\n".join((FORMAT.decode(), version, platform.machine(), *map(str, target), key))
    return f"{hashlib.sha256(facts.encode()).hexdigest()[:32]}.o"
