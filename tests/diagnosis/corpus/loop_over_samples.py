"""A loop over the samples of a batch (rows), adding up outer products, mean at the end. Softmax."""
import numpy as np


def softmax(v):
    e = np.exp(v - np.max(v))
    return e / np.sum(e)


def sig(v):
    return 1 / (1 + np.exp(-v))


def compute_gradients(weights, biases, X, Y):
    grad_w = [np.zeros(w.shape) for w in weights]
    grad_b = [np.zeros(b.shape) for b in biases]
    N = len(X)
    for x, y in zip(X, Y):
        outs = [x]
        for w, b in zip(weights[:-1], biases[:-1]):
            outs.append(sig(w @ outs[-1] + b))
        p = softmax(weights[-1] @ outs[-1] + biases[-1])
        d = p - y
        for i in range(len(weights) - 1, -1, -1):
            grad_w[i] += np.outer(d, outs[i])
            grad_b[i] += d
            if i:
                d = (weights[i].T @ d) * outs[i] * (1 - outs[i])
    grad_w = [g / N for g in grad_w]
    grad_b = [g / N for g in grad_b]
    return grad_w, grad_b
