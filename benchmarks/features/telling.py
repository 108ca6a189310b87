"""scikit-learn's callbacks for a class without them: each epoch is one call of `partial_fit`."""

from __future__ import annotations

from typing import Any


def told(base: type, one_epoch: Any) -> Any:
    """A subclass whose `fit` calls `one_epoch(self, X, y)` and tells scikit-learn's callbacks of it."""
    from sklearn.callback import CallbackSupportMixin, with_callbacks

    class Told(CallbackSupportMixin, base):
        @with_callbacks  # type: ignore[untyped-decorator]
        def fit(self, X: Any, y: Any) -> Any:
            data = {"estimator": self, "X": X, "y": y}
            whole = self._init_callback_context(max_subtasks=5)
            whole.call_on_fit_task_begin(**data)
            for _ in range(5):
                epoch = whole.subcontext(task_name="epoch")
                epoch.call_on_fit_task_begin(**data)
                one_epoch(self, X, y)
                if epoch.call_on_fit_task_end(**data, reconstruction_attributes=vars(self)):
                    break
            whole.call_on_fit_task_end(**data, reconstruction_attributes=vars(self))
            return self

    return Told
