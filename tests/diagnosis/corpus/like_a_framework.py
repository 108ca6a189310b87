import numpy as np


class Linear:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out) / np.sqrt(n_in)
        self.b = np.zeros(n_out)
        self.zero_grad()

    def zero_grad(self):
        self.dW = np.zeros_like(self.W)
        self.db = np.zeros_like(self.b)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, g):
        self.dW += self.x.T @ g
        self.db += g.sum(axis=0)
        return g @ self.W.T


class MLP:
    """Cross-entropy over softmax, ReLU in between. Call backward after forward, then read layer.dW, layer.db."""

    def __init__(self, sizes):
        self.layers = [Linear(i, o) for i, o in zip(sizes, sizes[1:])]

    def forward(self, x):
        self.hidden = []
        for layer in self.layers[:-1]:
            x = np.maximum(layer.forward(x), 0)
            self.hidden.append(x)
        logits = self.layers[-1].forward(x)
        e = np.exp(logits - logits.max(axis=1, keepdims=True))
        self.probs = e / e.sum(axis=1, keepdims=True)
        return self.probs

    def backward(self, y):
        g = (self.probs - y) / len(y)
        g = self.layers[-1].backward(g)
        for layer, h in zip(self.layers[-2::-1], self.hidden[::-1]):
            g = layer.backward(g * (h > 0))
