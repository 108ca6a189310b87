"""One function, samples as columns, sums over the batch, sigmoid everywhere."""
import numpy as np


def s(z):
    return 1 / (1 + np.exp(-z))


def ds(z):
    return s(z) * (1 - s(z))


def forward(weights, biases, x):
    a = x
    zs, activations = [], [x]
    for W, b in zip(weights, biases):
        z = W.dot(a) + b
        a = s(z)
        zs.append(z)
        activations.append(a)
    return zs, activations


def cross_entropy(a, y):
    return -np.sum(y * np.log(a) + (1 - y) * np.log(1 - a))


def gradients(weights, biases, x, y):
    zs, activations = forward(weights, biases, x)
    H = len(weights)
    deltas = [None] * H
    deltas[H - 1] = activations[H] - y
    for l in range(H - 2, -1, -1):
        deltas[l] = weights[l + 1].T.dot(deltas[l + 1]) * ds(zs[l])
    dW = [deltas[l].dot(activations[l].T) for l in range(H)]
    db = [deltas[l].sum(axis=1, keepdims=True) for l in range(H)]
    return dW, db
