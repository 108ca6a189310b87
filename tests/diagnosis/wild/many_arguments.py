import numpy as np


class NeuralNetwork:
    def __init__(self, n_in, n_units, n_hidden_layers, n_out, init_range=0.5, kind="C", activation="tanh"):
        self.kind = kind
        self.activation = activation
        shapes = [n_in] + [n_units] * n_hidden_layers + [n_out]
        self.w = [np.random.uniform(-init_range, init_range, (m, n)) for n, m in zip(shapes, shapes[1:])]
        self.b = [np.random.uniform(-init_range, init_range, (m, 1)) for m in shapes[1:]]

    def act(self, z, slope=False):
        if self.activation == "tanh":
            return 1 - np.tanh(z) ** 2 if slope else np.tanh(z)
        s = 1 / (1 + np.exp(-z))
        return s * (1 - s) if slope else s

    def out(self, z):
        if self.kind == "R":
            return z
        e = np.exp(z - z.max(axis=0))
        return e / e.sum(axis=0)

    def forward(self, x):
        self.z = [x]
        for i, (w, b) in enumerate(zip(self.w, self.b)):
            self.z.append(w @ (self.act(self.z[-1]) if i else x) + b)
        return self.out(self.z[-1])

    def backwards(self, y, lr):
        n = y.shape[1]
        delta = self.out(self.z[-1]) - y
        steps = []
        for i in range(len(self.w) - 1, -1, -1):
            below = self.act(self.z[i]) if i else self.z[0]
            steps.append((i, delta @ below.T / n, delta.sum(axis=1, keepdims=True) / n))
            delta = self.act(self.z[i], True) * (self.w[i].T @ delta) if i else delta
        for i, dw, db in steps:
            self.w[i] -= lr * dw
            self.b[i] -= lr * db
