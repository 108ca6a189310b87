import numpy as np
import cv2
import argparse


def relu(x):
    return np.maximum(x, 0)


class DNN:
    """Any number of hidden layers; the activation by name; momentum."""

    def __init__(self, input_dim, hidden_layers, output_dim, activation="relu", lr=0.01, momentum=0.9):
        dims = [input_dim] + list(hidden_layers) + [output_dim]
        self.activation = activation
        self.lr = lr
        self.momentum = momentum
        self.W = [np.random.randn(dims[i], dims[i + 1]) * np.sqrt(2 / dims[i]) for i in range(len(dims) - 1)]
        self.b = [np.zeros((1, dims[i + 1])) for i in range(len(dims) - 1)]
        self.vW = [np.zeros_like(w) for w in self.W]
        self.vb = [np.zeros_like(b) for b in self.b]

    def act(self, z):
        return relu(z) if self.activation == "relu" else np.tanh(z)

    def act_slope(self, z):
        return (z > 0).astype(float) if self.activation == "relu" else 1 - np.tanh(z) ** 2

    def forward(self, X):
        self.A, self.Z = [X], []
        for i, (w, b) in enumerate(zip(self.W, self.b)):
            z = self.A[-1] @ w + b
            self.Z.append(z)
            if i < len(self.W) - 1:
                self.A.append(self.act(z))
            else:
                e = np.exp(z - z.max(axis=1, keepdims=True))
                self.A.append(e / e.sum(axis=1, keepdims=True))
        return self.A[-1]

    def backward(self, y):
        m = y.shape[0]
        gW, gb = [None] * len(self.W), [None] * len(self.b)
        delta = (self.A[-1] - y) / m
        for i in reversed(range(len(self.W))):
            gW[i] = self.A[i].T @ delta
            gb[i] = delta.sum(axis=0, keepdims=True)
            if i > 0:
                delta = (delta @ self.W[i].T) * self.act_slope(self.Z[i - 1])
        return gW, gb

    def train_on_batch(self, X, y):
        self.forward(X)
        gW, gb = self.backward(y)
        for i in range(len(self.W)):
            self.vW[i] = self.momentum * self.vW[i] - self.lr * gW[i]
            self.vb[i] = self.momentum * self.vb[i] - self.lr * gb[i]
            self.W[i] += self.vW[i]
            self.b[i] += self.vb[i]


def load(path):
    return cv2.resize(cv2.imread(path, 0), (28, 28)).reshape(1, -1) / 255.0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("image")
    arguments = parser.parse_args()
    net = DNN(784, [64, 32], 10)
    print(net.forward(load(arguments.image)).argmax())
