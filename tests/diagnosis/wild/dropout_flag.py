import numpy as np


class DropNet:
    def __init__(self, sizes, keep=0.8, training=True, seed=3):
        self.keep = keep
        self.training = training
        self.rng = np.random.RandomState(seed)
        self.W1 = self.rng.randn(sizes[0], sizes[1]) * 0.4
        self.b1 = np.zeros((1, sizes[1]))
        self.W2 = self.rng.randn(sizes[1], sizes[2]) * 0.4
        self.b2 = np.zeros((1, sizes[2]))

    def forward(self, X):
        z1 = X @ self.W1 + self.b1
        self.h = np.maximum(z1, 0)
        self.mask = np.ones_like(self.h)
        if self.training:
            self.mask = (self.rng.rand(*self.h.shape) < self.keep) / self.keep
        self.h = self.h * self.mask
        z2 = self.h @ self.W2 + self.b2
        e = np.exp(z2 - z2.max(axis=1, keepdims=True))
        self.p = e / e.sum(axis=1, keepdims=True)
        return self.p

    def loss(self, X, y):
        return -np.mean(np.sum(y * np.log(self.forward(X)), axis=1))

    def backward(self, X, y):
        self.forward(X)
        n = X.shape[0]
        dz2 = (self.p - y) / n
        dW2, db2 = self.h.T @ dz2, dz2.sum(axis=0, keepdims=True)
        dz1 = (dz2 @ self.W2.T) * self.mask * (self.h > 0)
        dW1, db1 = X.T @ dz1, dz1.sum(axis=0, keepdims=True)
        return dW1, db1, dW2, db2
