"""A step that changes the lists of parameters in place; rows, ReLU, softmax."""
import numpy as np


def relu(z):
    return np.maximum(0, z)


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def train_step(weights, biases, X, Y, lr):
    zs, hs = [], [X]
    for i in range(len(weights)):
        z = hs[i].dot(weights[i]) + biases[i]
        zs.append(z)
        hs.append(softmax(z) if i == len(weights) - 1 else relu(z))
    d = hs[-1] - Y
    grads = []
    for i in range(len(weights) - 1, -1, -1):
        grads.append((i, hs[i].T.dot(d), d.sum(axis=0)))
        if i > 0:
            d = d.dot(weights[i].T)
            d[zs[i - 1] <= 0] = 0
    for i, gW, gb in grads:
        weights[i] -= lr * gW / len(X)
        biases[i] -= lr * gb / len(X)
