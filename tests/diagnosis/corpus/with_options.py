import numpy as np

class SGDNet:
    """Momentum and weight decay are there, switched off by default."""

    def __init__(self, sizes, momentum=0.0, weight_decay=0.0, seed=None):
        rng = np.random.RandomState(seed)
        self.Ws = [rng.randn(b, a) * np.sqrt(1 / a) for a, b in zip(sizes, sizes[1:])]
        self.bs = [np.zeros((b, 1)) for b in sizes[1:]]
        self.momentum, self.weight_decay = momentum, weight_decay
        self.vW = [np.zeros_like(W) for W in self.Ws]
        self.vb = [np.zeros_like(b) for b in self.bs]

    def predict(self, X):
        A = X
        for W, b in zip(self.Ws[:-1], self.bs[:-1]):
            A = np.tanh(W @ A + b)
        Z = self.Ws[-1] @ A + self.bs[-1]
        E = np.exp(Z - Z.max(axis=0))
        return E / E.sum(axis=0)

    def backprop(self, X, Y):
        As = [X]
        for W, b in zip(self.Ws[:-1], self.bs[:-1]):
            As.append(np.tanh(W @ As[-1] + b))
        Z = self.Ws[-1] @ As[-1] + self.bs[-1]
        E = np.exp(Z - Z.max(axis=0))
        D = (E / E.sum(axis=0) - Y) / X.shape[1]
        gW, gb = [None] * len(self.Ws), [None] * len(self.bs)
        for i in range(len(self.Ws) - 1, -1, -1):
            gW[i] = D @ As[i].T + self.weight_decay * self.Ws[i]
            gb[i] = D.sum(axis=1, keepdims=True)
            D = self.Ws[i].T @ D * (1 - As[i] ** 2)
        return gW, gb

    def update(self, X, Y, lr):
        for i, (gW, gb) in enumerate(zip(*self.backprop(X, Y))):
            self.vW[i] = self.momentum * self.vW[i] - lr * gW
            self.vb[i] = self.momentum * self.vb[i] - lr * gb
            self.Ws[i] += self.vW[i]
            self.bs[i] += self.vb[i]
