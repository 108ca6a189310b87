#!/usr/bin/env bash
# Keras 3: dropout that a functional model calls with training=True (Monte Carlo dropout) is turned off by predict.
# Installs pinned public packages in a temporary folder, and exits non-zero if the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check keras==3.15.1 jax==0.10.2 numpy==2.4.6
KERAS_BACKEND=jax "$folder/venv/bin/python" - <<'PY' 2>/dev/null
import keras
import numpy as np

x = keras.Input((3,))
model = keras.Model(x, keras.layers.Dropout(0.5)(keras.layers.Dense(50)(x), training=True))


class Own(keras.Model):
    """The same layers, with training=True in a call of one's own."""

    def __init__(self):
        super().__init__()
        self.dense, self.dropout = keras.layers.Dense(50), keras.layers.Dropout(0.5)

    def call(self, x):
        return self.dropout(self.dense(x), training=True)


def random(answer):
    """Whether two answers to the same rows differ."""
    X = np.ones((2, 3), np.float32)
    return not np.allclose(*(keras.ops.convert_to_numpy(answer(X)) for _ in range(2)))


functional, called = random(lambda X: model.predict(X, verbose=0)), random(model)
own = Own()
subclass = random(lambda X: own.predict(X, verbose=0))
print("keras", keras.__version__)
print("Expected: Dropout(0.5)(h, training=True) drops whenever the model runs, so that two predictions differ.")
print("Seen:     predict gives training=False to every layer of a functional model, over what its call was given.")
print(f"  functional model, model(X):          {'random' if called else 'always the same'}")
print(f"  functional model, model.predict(X):  {'random' if functional else 'always the same'}")
print(f"  a class of one's own, .predict(X):   {'random' if subclass else 'always the same'}")
raise SystemExit(0 if (called, functional, subclass) == (True, False, True) else 1)
PY
