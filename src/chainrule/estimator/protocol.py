"""scikit-learn's own callbacks, where that version has them (1.9 and later)."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from chainrule.history import EpochRecord

try:
    from sklearn.callback import CallbackSupportMixin as CallbackSupport
    from sklearn.callback import with_callbacks

    PRESENT = True
except ImportError:  # before scikit-learn 1.9
    PRESENT = False

    class CallbackSupport:  # type: ignore[no-redef]
        """Nothing."""

    def with_callbacks(method: Callable[..., Any]) -> Callable[..., Any]:
        """The method as it is."""
        return method


class Tasks:
    """Tells scikit-learn's callbacks of the training and of each epoch."""

    def __init__(self, estimator: Any, max_iter: int, X: Any, y: Any) -> None:
        self._estimator, self._data = estimator, {"X": X, "y": y}
        self._context: Any = None
        if PRESENT:
            self._context = estimator._init_callback_context(max_subtasks=max_iter)
            self._context.call_on_fit_task_begin(estimator=estimator, **self._data)
            self._next: Any = None
            self._open()

    def epoch_ends(self, record: EpochRecord) -> bool:
        """Return whether a callback wants to stop."""
        if not PRESENT:
            return False
        stop = self._next.call_on_fit_task_end(
            estimator=self._estimator, **self._data, reconstruction_attributes=self._as_if_stopped
        )
        self._open()
        return bool(stop)

    def end(self) -> None:
        """Training has ended."""
        if PRESENT:
            self._context.call_on_fit_task_end(
                estimator=self._estimator, **self._data, reconstruction_attributes=self._as_if_stopped
            )

    def _as_if_stopped(self) -> dict[str, Any]:
        return {"network_": copy.copy(self._estimator.network_)}

    def _open(self) -> None:
        self._next = self._context.subcontext(task_name="epoch")
        self._next.call_on_fit_task_begin(estimator=self._estimator, **self._data)
