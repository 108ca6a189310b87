"""Two layers as a student writes them: forward, backward and update keep everything in self."""
import numpy as np
class MLP:
    def __init__(self, n_features, n_hidden, n_classes, lr=0.1):
        self.lr = lr
        self.W1 = np.random.randn(n_features, n_hidden)
        self.b1 = np.zeros((1, n_hidden))
        self.W2 = np.random.randn(n_hidden, n_classes)
        self.b2 = np.zeros((1, n_classes))
    def forward(self, X):
        self.Z1 = X @ self.W1 + self.b1
        self.A1 = 1 / (1 + np.exp(-self.Z1))
        self.Z2 = self.A1 @ self.W2 + self.b2
        ex = np.exp(self.Z2)
        self.A2 = ex / ex.sum(axis=1, keepdims=True)
        return self.A2
    def backward(self, X, Y):
        self.forward(X)
        m = len(X)
        dZ2 = self.A2 - Y
        self.dW2 = self.A1.T @ dZ2 / m
        self.db2 = dZ2.sum(0, keepdims=True) / m
        dA1 = dZ2 @ self.W2.T
        dZ1 = dA1 * self.A1 * (1 - self.A1)
        self.dW1 = X.T @ dZ1 / m
        self.db1 = dZ1.sum(0, keepdims=True) / m
    def update(self):
        self.W1 -= self.lr * self.dW1
        self.b1 -= self.lr * self.db1
        self.W2 -= self.lr * self.dW2
        self.b2 -= self.lr * self.db2
