"""Layers as objects that keep their input and their gradients; the network calls them one after another."""
import numpy as np


class Dense:
    def __init__(self, n_in, n_out):
        self.weights = 0.1 * np.random.randn(n_in, n_out)
        self.bias = np.zeros((1, n_out))

    def forward(self, x):
        self.input = x
        return x @ self.weights + self.bias

    def backward(self, grad_out):
        self.dweights = self.input.T @ grad_out
        self.dbias = grad_out.sum(axis=0, keepdims=True)
        return grad_out @ self.weights.T


class ReLU:
    def forward(self, x):
        self.input = x
        return np.maximum(x, 0)

    def backward(self, grad_out):
        return grad_out * (self.input > 0)


class Softmax:
    def forward(self, x):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.out = e / e.sum(axis=1, keepdims=True)
        return self.out


class Model:
    def __init__(self, sizes):
        self.layers = []
        for i in range(len(sizes) - 1):
            self.layers.append(Dense(sizes[i], sizes[i + 1]))
            if i < len(sizes) - 2:
                self.layers.append(ReLU())
        self.softmax = Softmax()

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return self.softmax.forward(x)

    def loss(self, y_pred, y_true):
        return -np.mean(np.sum(y_true * np.log(y_pred), axis=1))

    def backward(self, y_true):
        grad = (self.softmax.out - y_true) / len(y_true)
        for layer in reversed(self.layers):
            grad = layer.backward(grad)

    def step(self, lr):
        for layer in self.layers:
            if isinstance(layer, Dense):
                layer.weights -= lr * layer.dweights
                layer.bias -= lr * layer.dbias
