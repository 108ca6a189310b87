import numpy as np


def step(weights, biases, batch, learning_rate):
    """One step of gradient descent, memory-saving."""
    X, Y = batch
    N = len(X)
    a, activations, zs = X, [X], []
    for i, (W, b) in enumerate(zip(weights, biases)):
        z = a @ W
        z += b
        zs.append(z)
        if i < len(weights) - 1:
            np.tanh(z, out=z)
            a = z
        else:
            z -= z.max(axis=1, keepdims=True)
            a = np.exp(z)
            a /= a.sum(axis=1, keepdims=True)
        activations.append(a)
    delta = activations[-1] - Y
    updates = []
    for i in range(len(weights) - 1, -1, -1):
        updates.append((i, activations[i].T @ delta / N, delta.sum(axis=0) / N))
        if i > 0:
            delta = (delta @ weights[i].T) * (1 - np.tanh(zs[i - 1]) ** 2)
    for i, dW, db in updates:
        weights[i] -= learning_rate * dW
        biases[i] -= learning_rate * db
