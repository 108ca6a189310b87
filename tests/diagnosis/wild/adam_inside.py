import numpy as np


class Classifier:
    def __init__(self, n_input, n_hidden, n_output, lr=1e-3):
        self.p = {
            "W1": np.random.randn(n_input, n_hidden) / np.sqrt(n_input),
            "b1": np.zeros(n_hidden),
            "W2": np.random.randn(n_hidden, n_output) / np.sqrt(n_hidden),
            "b2": np.zeros(n_output),
        }
        self.m = {k: np.zeros_like(v) for k, v in self.p.items()}
        self.v = {k: np.zeros_like(v) for k, v in self.p.items()}
        self.t = 0
        self.lr = lr

    def _forward(self, X):
        h = np.tanh(X @ self.p["W1"] + self.p["b1"])
        s = h @ self.p["W2"] + self.p["b2"]
        e = np.exp(s - s.max(axis=1, keepdims=True))
        return h, e / e.sum(axis=1, keepdims=True)

    def cross_entropy(self, X, y):
        _, prob = self._forward(X)
        return -np.mean(np.log(prob[np.arange(len(y)), y]))

    def _backward(self, X, y):
        h, prob = self._forward(X)
        d = prob.copy()
        d[np.arange(len(y)), y] -= 1
        d /= len(y)
        dh = d @ self.p["W2"].T * (1 - h * h)
        return {"W1": X.T @ dh, "b1": dh.sum(axis=0), "W2": h.T @ d, "b2": d.sum(axis=0)}

    def fit_batch(self, X, y):
        self.t += 1
        for k, g in self._backward(X, y).items():
            self.m[k] = 0.9 * self.m[k] + 0.1 * g
            self.v[k] = 0.999 * self.v[k] + 0.001 * g * g
            m = self.m[k] / (1 - 0.9 ** self.t)
            v = self.v[k] / (1 - 0.999 ** self.t)
            self.p[k] -= self.lr * m / (np.sqrt(v) + 1e-8)
