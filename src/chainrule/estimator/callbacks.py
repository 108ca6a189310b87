"""scikit-learn's own callbacks, where that version has them (1.9 and later)."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, TypeVar

try:
    from sklearn import callback as theirs
except ImportError:  # before scikit-learn 1.9
    theirs = None

CallbackSupport: Any = type("Nothing", (), {}) if theirs is None else theirs.CallbackSupportMixin
"""What an estimator inherits to take such callbacks."""

Method = TypeVar("Method", bound=Callable[..., Any])


def with_callbacks(method: Method) -> Method:
    """The method, with callbacks torn down after it."""
    found: Method = method if theirs is None else theirs.with_callbacks(method)
    return found


class Tasks:
    """Tells scikit-learn's callbacks of the training and of each epoch."""

    def __init__(self, estimator: Any, max_iter: int, X: Any, y: Any) -> None:
        self._estimator, self._data, self._left = estimator, {"X": X, "y": y}, max_iter
        self._training: Any = None
        self._epoch: Any = None
        if theirs is not None:
            self._training = estimator._init_callback_context(max_subtasks=max_iter)
            self._training.call_on_fit_task_begin(estimator=estimator, **self._data)
            self._begin_epoch()

    def epoch_ends(self, last: bool) -> bool:
        """An epoch is over, perhaps the ``last`` one; return whether a callback wants to stop."""
        if theirs is None:
            return False
        stop = self._call_end(self._epoch)
        self._left -= 1
        if self._left and not (stop or last):
            self._begin_epoch()
        return stop

    def end(self) -> None:
        """Training has ended."""
        if theirs is not None:
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
