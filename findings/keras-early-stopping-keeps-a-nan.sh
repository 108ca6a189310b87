#!/usr/bin/env bash
# Keras's EarlyStopping takes a first validation loss that is NaN for the best, and stops a run that improves.
# Installs pinned public packages in a temporary folder, and exits non-zero if the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check keras==3.15.1 torch==2.14.1 numpy==2.4.6
KERAS_BACKEND=torch "$folder/venv/bin/python" - <<'PY' 2>/dev/null
import math

import keras
import numpy as np


def run(losses):
    """After which epoch it stops, and which weights it gives back, with patience 2."""
    stopping = keras.callbacks.EarlyStopping(monitor="val_loss", patience=2, restore_best_weights=True)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    stopping.set_model(model)
    model.stop_training = False
    stopping.on_train_begin()
    for epoch, loss in enumerate(losses, 1):
        model.layers[0].set_weights([np.full((1, 1), float(epoch)), np.zeros(1)])
        stopping.on_epoch_end(epoch - 1, {"val_loss": loss})
        if model.stop_training:
            break
    stopping.on_train_end()
    return epoch, model.stop_training, float(model.layers[0].get_weights()[0][0, 0])


plain, nan = run([0.6, 0.5, 0.4, 0.3, 0.2]), run([math.nan, 0.5, 0.4, 0.3, 0.2])
print("keras", keras.__version__)
print("Expected: an epoch with loss NaN is no best; 0.5, 0.4, 0.3, 0.2 improve, and training goes on to the last.")
print("Seen:     nothing is below NaN, so the run stops after epoch 3 and gives back the weights of the NaN epoch.")
print(f"  first loss 0.6: ran {plain[0]} epochs, weights of epoch {plain[2]:.0f}")
print(f"  first loss NaN: ran {nan[0]} epochs, weights of epoch {nan[2]:.0f}")
raise SystemExit(0 if nan[:2] == (3, True) and plain[0] == 5 else 1)
PY
