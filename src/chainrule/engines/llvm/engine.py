"""The engine that compiles the equations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from chainrule.engines.base import Examples, Floats, Task, Unsupported, available_threads
from chainrule.engines.llvm.machine.processor import Processor, processor
from chainrule.engines.llvm.programs.build import PredictionProgram, prediction_program, training_program
from chainrule.engines.llvm.runtime.predictor import Direct, Panels
from chainrule.engines.llvm.runtime.trainer import LlvmTrainer
from chainrule.equations.network import Architecture
from chainrule.types import ByLayer, Layer, Params


class LlvmEngine:
    """Runs the equations as machine code made of them by LLVM.

    Args:
        threads: how many threads at most; None for as many as there are processors for this program.
        target: the processor to generate code for; None for the one at hand.
    """

    name = "llvm"

    def __init__(self, threads: int | None = None, target: Processor | None = None) -> None:
        self.threads = threads or available_threads()
        self.fixed = threads is not None
        self.target = target or processor()

    def trainer(self, task: Task, params: Params, moments: ByLayer[Layer], examples: Examples) -> LlvmTrainer:
        """Begin training from these parameters."""
        n_outputs, dtype = len(params[-1].b), params[1].W.dtype
        if not isinstance(examples.X, np.ndarray):
            raise Unsupported("rows of a sparse matrix, which are made dense one mini-batch after the other")
        if task.clip_norm:
            raise Unsupported("clip_norm, which needs the whole gradient before any parameter moves")
        if not isinstance(getattr(task.net.head, "pos_weight", 1.0), float):
            raise Unsupported("a pos_weight of its own for each label; one number for all it can")
        with _unsupported():
            program = training_program(task, n_outputs, dtype, self.target, examples.X.itemsize)
        return LlvmTrainer(
            program,
            self._prediction(task.net, params),
            task,
            params,
            moments,
            examples,
            self.threads,
            self.fixed,
        )

    def outputs(
        self, net: Architecture, params: Params, X: Floats, logits: bool = False
    ) -> tuple[Floats, bool]:
        """a^H, or z^H, of some rows, and whether all inputs were finite. Shapes: X (N, n_0) → (N, n_H)."""
        dtype = params[1].W.dtype
        widths = [params[1].W.shape[1], *(len(layer.b) for layer in params)]
        panels = Panels(self._prediction(net, params), widths, dtype).pack(params)
        return panels.outputs(np.ascontiguousarray(X, dtype), self.threads, logits)

    def few(self, net: Architecture, params: Params) -> Direct | None:
        """A few rows by the parameters where they are; not if they have strides, or several dtypes."""
        program, dtype = self._prediction(net, params), params[1].W.dtype
        thetas = [theta for layer in params for theta in layer]
        plain = all(theta.flags.c_contiguous and theta.dtype == dtype for theta in thetas)
        return Direct(program, params) if plain else None

    def _prediction(self, net: Architecture, params: Params) -> PredictionProgram:
        with _unsupported():
            return prediction_program(net, len(params[-1].b), params[1].W.dtype, self.target)


@contextmanager
def _unsupported() -> Iterator[None]:
    """Turns what goes wrong while code is generated into a reason for another engine."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        raise Unsupported(f"{type(error).__name__}: {error}") from error
