"""Every matrix an argument of its own, every gradient a result of its own. Columns, mean."""
import numpy as np


def g(z):
    return 1 / (1 + np.exp(-z))


def backward(W1, b1, W2, b2, X, Y):
    m = X.shape[1]
    Z1 = W1 @ X + b1
    A1 = g(Z1)
    Z2 = W2 @ A1 + b2
    E = np.exp(Z2 - Z2.max(axis=0))
    A2 = E / E.sum(axis=0)
    dZ2 = A2 - Y
    dW2 = 1 / m * dZ2 @ A1.T
    db2 = 1 / m * dZ2.sum(axis=1, keepdims=True)
    dZ1 = W2.T @ dZ2 * A1 * (1 - A1)
    dW1 = 1 / m * dZ1 @ X.T
    db1 = 1 / m * dZ1.sum(axis=1, keepdims=True)
    return dW1, db1, dW2, db2
