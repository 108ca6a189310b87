"""Linear outputs and the mean squared error over everything; a class with compute_loss."""
import numpy as np


class Regressor:
    def __init__(self, layer_sizes):
        rng = np.random.default_rng(0)
        self.W = [rng.normal(size=(i, o)) for i, o in zip(layer_sizes[:-1], layer_sizes[1:])]
        self.b = [np.zeros(o) for o in layer_sizes[1:]]

    def forward(self, X):
        self.acts = [X]
        for i, (W, b) in enumerate(zip(self.W, self.b)):
            z = self.acts[-1] @ W + b
            self.acts.append(z if i == len(self.W) - 1 else np.tanh(z))
        return self.acts[-1]

    def compute_loss(self, X, y):
        return np.mean((self.forward(X) - y) ** 2)

    def backward(self, X, y):
        out = self.forward(X)
        d = 2 * (out - y) / y.size
        dW, db = [], []
        for i in reversed(range(len(self.W))):
            dW.insert(0, self.acts[i].T @ d)
            db.insert(0, d.sum(axis=0))
            d = (d @ self.W[i].T) * (1 - self.acts[i] ** 2)
        return dW, db
