import numpy as np

F = np.float32

class FastNet:
    def __init__(self, dims):
        self.weights = [(np.random.randn(i, o) / np.sqrt(i)).astype(F) for i, o in zip(dims[:-1], dims[1:])]
        self.biases = [np.zeros(o, dtype=F) for o in dims[1:]]

    def forward(self, x):
        self.acts = [np.asarray(x, dtype=F)]
        for n, (w, b) in enumerate(zip(self.weights, self.biases), 1):
            z = self.acts[-1] @ w.astype(F) + b.astype(F)
            if n < len(self.weights):
                self.acts.append(np.maximum(z, F(0)))
            else:
                e = np.exp(z - z.max(axis=1, keepdims=True))
                self.acts.append(e / e.sum(axis=1, keepdims=True))
        return self.acts[-1]

    def backward(self, x, y):
        p = self.forward(x)
        g = (p - np.asarray(y, dtype=F)) / F(len(p))
        dws, dbs = [], []
        for w, a in zip(reversed(self.weights), reversed(self.acts[:-1])):
            dws.append(a.T @ g)
            dbs.append(g.sum(axis=0))
            g = (g @ w.astype(F).T) * (a > 0)
        return dws[::-1], dbs[::-1]
