"""Loops over every neuron, one sample a call, nothing vectorised."""
import math

import numpy as np


def f(z):
    return 1.0 / (1.0 + math.exp(-z))


def gradients(weights, biases, x, y):
    a = [list(x)]
    for W, b in zip(weights, biases):
        layer = []
        for j in range(len(b)):
            z = b[j]
            for k in range(len(a[-1])):
                z += W[j][k] * a[-1][k]
            layer.append(f(z))
        a.append(layer)
    # multi-label cross-entropy
    delta = [a[-1][j] - y[j] for j in range(len(y))]
    dW, db = [], []
    for l in range(len(weights) - 1, -1, -1):
        gw = np.zeros_like(weights[l])
        gb = np.zeros_like(biases[l])
        for j in range(len(delta)):
            gb[j] = delta[j]
            for k in range(len(a[l])):
                gw[j][k] = delta[j] * a[l][k]
        dW.insert(0, gw)
        db.insert(0, gb)
        if l > 0:
            back = []
            for k in range(len(a[l])):
                total = 0.0
                for j in range(len(delta)):
                    total += weights[l][j][k] * delta[j]
                back.append(total * a[l][k] * (1 - a[l][k]))
            delta = back
    return dW, db
