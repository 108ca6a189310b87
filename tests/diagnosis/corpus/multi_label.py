"""Several labels a sample: sigmoid outputs, binary cross-entropy averaged over everything (np.mean)."""
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def feedforward(weights, biases, X):
    out = X
    for W, b in zip(weights, biases):
        out = sigmoid(out @ W + b)
    return out


def binary_cross_entropy(y_true, y_pred):
    return -np.mean(y_true * np.log(y_pred) + (1 - y_true) * np.log(1 - y_pred))


def gradients(weights, biases, X, y_true):
    acts = [X]
    for W, b in zip(weights, biases):
        acts.append(sigmoid(acts[-1] @ W + b))
    dZ = (acts[-1] - y_true) / y_true.size
    dWs, dbs = [], []
    for l in range(len(weights))[::-1]:
        dWs.append(acts[l].T @ dZ)
        dbs.append(dZ.sum(axis=0))
        dZ = dZ @ weights[l].T * acts[l] * (1 - acts[l])
    dWs.reverse()
    dbs.reverse()
    return dWs, dbs
