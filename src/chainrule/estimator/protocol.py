"""scikit-learn's own callbacks, where that version has them (1.9 and later)."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

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
        self._estimator, self._data, self._left = estimator, {"X": X, "y": y}, max_iter
        self._training: Any = None
        self._epoch: Any = None
        if PRESENT:
            self._training = estimator._init_callback_context(max_subtasks=max_iter)
            self._training.call_on_fit_task_begin(estimator=estimator, **self._data)
            self._begin_epoch()

    def epoch_ends(self, last: bool) -> bool:
        """An epoch is over, perhaps the ``last`` one; return whether a callback wants to stop."""
        if not PRESENT:
            return False
        stop = self._call_end(self._epoch)
        self._left -= 1
        if self._left and not (stop or last):
            self._begin_epoch()
        return stop

    def end(self) -> None:
        """Training has ended."""
        if PRESENT:
            self._call_end(self._training)

    def _begin_epoch(self) -> None:
        self._epoch = self._training.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(estimator=self._estimator, **self._data)

    def _call_end(self, task: Any) -> bool:
        as_if_stopped = {"network_": copy.copy(self._estimator.network_)}
        return bool(
            task.call_on_fit_task_end(
                estimator=self._estimator, **self._data, reconstruction_attributes=as_if_stopped
            )
        )
