"""A step of mini-batch gradient descent over a list of (x, y) columns; returns new parameters."""
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def backprop_one(weights, biases, x, y):
    a, acts = x, [x]
    for w, b in zip(weights, biases):
        a = sigmoid(np.dot(w, a) + b)
        acts.append(a)
    gw, gb = [0] * len(weights), [0] * len(biases)
    delta = acts[-1] - y  # cross-entropy
    for l in range(len(weights) - 1, -1, -1):
        gw[l] = np.dot(delta, acts[l].T)
        gb[l] = delta
        delta = np.dot(weights[l].T, delta) * acts[l] * (1 - acts[l])
    return gw, gb


def step(weights, biases, batch, learning_rate):
    sum_w = [np.zeros_like(w) for w in weights]
    sum_b = [np.zeros_like(b) for b in biases]
    for x, y in batch:
        gw, gb = backprop_one(weights, biases, x, y)
        sum_w = [s + g for s, g in zip(sum_w, gw)]
        sum_b = [s + g for s, g in zip(sum_b, gb)]
    rate = learning_rate / len(batch)
    new_w = [w - rate * s for w, s in zip(weights, sum_w)]
    new_b = [b - rate * s for b, s in zip(biases, sum_b)]
    return new_w, new_b
