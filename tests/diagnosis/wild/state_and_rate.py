import numpy as np


def sigmoid(t):
    return 1 / (1 + np.exp(-t))


class Perceptron2:
    def __init__(self, n_features, n_hidden, n_classes):
        self.W1 = np.random.randn(n_features, n_hidden) * 0.5
        self.b1 = np.zeros((1, n_hidden))
        self.W2 = np.random.randn(n_hidden, n_classes) * 0.5
        self.b2 = np.zeros((1, n_classes))

    def forward(self, X):
        self.z1 = X @ self.W1 + self.b1
        self.a1 = sigmoid(self.z1)
        self.z2 = self.a1 @ self.W2 + self.b2
        e = np.exp(self.z2 - np.max(self.z2, axis=1, keepdims=True))
        self.a2 = e / e.sum(axis=1, keepdims=True)
        return self.a2

    def compute_loss(self, Y):
        return -np.sum(Y * np.log(self.a2)) / Y.shape[0]

    def backward(self, X, Y, lr):
        m = X.shape[0]
        dz2 = (self.a2 - Y) / m
        dW2 = self.a1.T @ dz2
        db2 = dz2.sum(axis=0, keepdims=True)
        dz1 = (dz2 @ self.W2.T) * self.a1 * (1 - self.a1)
        dW1 = X.T @ dz1
        db1 = dz1.sum(axis=0, keepdims=True)
        self.W2 -= lr * dW2
        self.b2 -= lr * db2
        self.W1 -= lr * dW1
        self.b1 -= lr * db1

    def train(self, X, Y, epochs=100, lr=0.1):
        for epoch in range(epochs):
            self.forward(X)
            loss = self.compute_loss(Y)
            self.backward(X, Y, lr)
            if epoch % 10 == 0:
                print(epoch, loss)
