"""Four layers of equal width, where a wrong index or a missing transpose goes unnoticed. Columns, mean."""
import numpy as np


def act(z):
    return np.tanh(z)


def d_act(z):
    return 1 - np.tanh(z) ** 2


class DeepNet:
    def __init__(self, dims):
        self.W = {i: np.random.randn(dims[i], dims[i - 1]) for i in range(1, len(dims))}
        self.b = {i: np.zeros((dims[i], 1)) for i in range(1, len(dims))}
        self.H = len(dims) - 1

    def forward(self, X):
        self.Z, self.A = {}, {0: X}
        for i in range(1, self.H + 1):
            self.Z[i] = self.W[i] @ self.A[i - 1] + self.b[i]
            self.A[i] = act(self.Z[i])
        e = np.exp(self.Z[self.H] - self.Z[self.H].max(axis=0, keepdims=True))
        self.A[self.H] = e / e.sum(axis=0, keepdims=True)
        return self.A[self.H]

    def cost(self, X, Y):
        return -np.sum(Y * np.log(self.forward(X))) / X.shape[1]

    def backward(self, X, Y):
        self.forward(X)
        m = X.shape[1]
        delta = self.A[self.H] - Y
        self.dW, self.db = {}, {}
        for i in range(self.H, 0, -1):
            self.dW[i] = delta @ self.A[i - 1].T / m
            self.db[i] = np.sum(delta, axis=1, keepdims=True) / m
            if i > 1:
                delta = self.W[i].T @ delta * d_act(self.Z[i - 1])
        return self.dW, self.db
