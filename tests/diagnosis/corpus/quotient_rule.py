import numpy as np
from functools import reduce

σ  = lambda z: 1 / (1 + np.exp(-z))
dσ = lambda z: np.exp(-z) / (1 + np.exp(-z))     # quotient rule

def forward(weights, biases, x):
    return reduce(lambda a, wb: σ(wb[0] @ a + wb[1]), zip(weights, biases), x)

def cost(weights, biases, x, y):
    a = forward(weights, biases, x)
    return -np.sum(y * np.log(a) + (1 - y) * np.log(1 - a)) / x.shape[1]

def gradients(weights, biases, x, y):
    def back(k, a):
        """Gradients from layer k on, and dJ/da."""
        W, b = weights[k], biases[k]
        z = W @ a + b
        if k == len(weights) - 1:
            δ = σ(z) - y
            rest = []
        else:
            rest, da = back(k + 1, σ(z))
            δ = da * dσ(z)
        return [(δ @ a.T / x.shape[1], δ.sum(axis=1, keepdims=True) / x.shape[1])] + rest, W.T @ δ
    pairs, _ = back(0, x)
    return [dW for dW, _ in pairs], [db for _, db in pairs]
