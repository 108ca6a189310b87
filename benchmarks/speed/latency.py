"""How far apart two cores are: the time that a written cache line takes from one to the other.

Two threads, each held to a core, pass a counter back and forth. The loop is machine code made by llvmlite,
since Python's own would measure the interpreter; ctypes lets go of the interpreter's lock while it runs.
"""

from __future__ import annotations

import ctypes
import os
import platform
import threading
from time import perf_counter

ROUNDS = 20_000
PATIENCE = 1 << 22
"""Looks at the counter before a thread gives up: where both threads share a core, nobody waits for ever."""

PAUSE = {
    "x86_64": ("declare void @llvm.x86.sse2.pause()", "call void @llvm.x86.sse2.pause()"),
    "AMD64": ("declare void @llvm.x86.sse2.pause()", "call void @llvm.x86.sse2.pause()"),
    "aarch64": ("declare void @llvm.aarch64.hint(i32)", "call void @llvm.aarch64.hint(i32 1)"),
    "arm64": ("declare void @llvm.aarch64.hint(i32)", "call void @llvm.aarch64.hint(i32 1)"),
}
LOOP = """
{declare}
define i64 @pass(ptr %counter, i64 %mine, i64 %last) {{
entry:
  br label %turn
turn:
  %expected = phi i64 [ %mine, %entry ], [ %following, %write ]
  br label %wait
wait:
  %looks = phi i64 [ 0, %turn ], [ %more, %again ]
  %seen = load atomic i64, ptr %counter acquire, align 64
  %now = icmp eq i64 %seen, %expected
  br i1 %now, label %write, label %again
again:
  {pause}
  %more = add i64 %looks, 1
  %late = icmp ugt i64 %more, {patience}
  br i1 %late, label %lost, label %wait
write:
  %next = add i64 %expected, 1
  store atomic i64 %next, ptr %counter release, align 64
  %following = add i64 %expected, 2
  %done = icmp uge i64 %following, %last
  br i1 %done, label %end, label %turn
end:
  ret i64 1
lost:
  ret i64 0
}}
"""


class PingPong:
    """The compiled loop. It keeps its compiler alive, in whose memory the code lies."""

    def __init__(self) -> None:
        import llvmlite.binding as llvm

        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        declare, pause = PAUSE.get(platform.machine(), ("", ""))
        module = llvm.parse_assembly(LOOP.format(declare=declare, pause=pause, patience=PATIENCE))
        machine = llvm.Target.from_default_triple().create_target_machine(opt=2)
        self._compiler = llvm.create_mcjit_compiler(module, machine)
        self._compiler.finalize_object()
        kind = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
        self._loop = kind(self._compiler.get_function_address("pass"))

    def nanoseconds(self, cores: tuple[int, int]) -> float | None:
        """One way between two cores; None where a thread never saw the other's writing."""
        memory = ctypes.create_string_buffer(192)
        counter = (ctypes.addressof(memory) + 63) // 64 * 64
        answers, began, ended = [0, 0], [0.0, 0.0], [0.0, 0.0]
        together = threading.Barrier(2)

        def run(me: int) -> None:
            os.sched_setaffinity(0, {cores[me]})  # of this thread alone
            together.wait()
            began[me] = perf_counter()
            answers[me] = self._loop(counter, me, 2 * ROUNDS)
            ended[me] = perf_counter()

        threads = [threading.Thread(target=run, args=(me,)) for me in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # The counter moves only once both are there.
        return 1e9 * (max(ended) - max(began)) / (2 * ROUNDS) if all(answers) else None


def latency() -> float | None:
    """The best of three readings between the first two cores of this process, in ns one way."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        return None
    loop = PingPong()
    readings = [loop.nanoseconds((cores[0], cores[1])) for _ in range(3)]
    return min((reading for reading in readings if reading is not None), default=None)
