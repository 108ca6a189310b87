import numpy as np


class NN2:
    """Binary classifier, columns are samples; the number of samples is written into it."""

    def __init__(self, n_features, lr=0.05):
        self.W1 = np.random.normal(0, 0.5, (6, n_features))
        self.b1 = np.zeros((6, 1))
        self.W2 = np.random.normal(0, 0.5, (1, 6))
        self.b2 = np.zeros((1, 1))
        self.lr = lr

    def sigmoid(self, x):
        return 1 / (1 + np.exp(-x))

    def cost(self):
        m = self.Y.shape[1]
        return -np.sum(self.Y * np.log(self.A2) + (1 - self.Y) * np.log(1 - self.A2)) / m

    def forward_pass(self):
        self.Z1 = self.W1 @ self.X + self.b1
        self.A1 = np.where(self.Z1 < 0, 0, self.Z1)
        self.A2 = self.sigmoid(self.W2 @ self.A1 + self.b2)

    def backprop(self):
        m = self.Y.shape[1]
        dz2 = self.A2 - self.Y
        self.dW2 = dz2 @ self.A1.T / m
        self.db2 = np.sum(dz2, axis=1, keepdims=True) / m
        dz1 = self.W2.T @ dz2 * np.where(self.Z1 < 0, 0, 1)
        self.dW1 = dz1 @ self.X.T / m
        self.db1 = np.sum(dz1, axis=1, keepdims=True) / m

    def update(self):
        self.W1 -= self.lr * self.dW1
        self.b1 -= self.lr * self.db1
        self.W2 -= self.lr * self.dW2
        self.b2 -= self.lr * self.db2

    def train(self, X, Y, num_iter=1000):
        self.X = X
        self.Y = Y
        for i in range(num_iter):
            self.forward_pass()
            if i % 100 == 0:
                print(i, self.cost())
            self.backprop()
            self.update()
