from dataclasses import dataclass, field

import numpy as np


def swish(x):
    return x / (1 + np.exp(-x))


def swish_prime(x):
    s = 1 / (1 + np.exp(-x))
    return x * s * (1 - s)


@dataclass
class SwishNet:
    sizes: tuple
    weights: list = field(default_factory=list)
    biases: list = field(default_factory=list)

    def __post_init__(self):
        rng = np.random.default_rng(0)
        for fan_in, fan_out in zip(self.sizes, self.sizes[1:]):
            self.weights.append(rng.normal(size=(fan_in, fan_out)) * (2 / fan_in) ** 0.5)
            self.biases.append(np.zeros(fan_out))

    def forward(self, X):
        zs, hs = [], [X]
        for k, (W, b) in enumerate(zip(self.weights, self.biases)):
            zs.append(hs[-1] @ W + b)
            last = k == len(self.weights) - 1
            hs.append(1 / (1 + np.exp(-zs[-1])) if last else swish(zs[-1]))
        return zs, hs

    def feedforward(self, X):
        return self.forward(X)[1][-1]

    def backprop(self, X, Y):
        """Gradients of the binary cross-entropy, summed over labels, averaged over the batch."""
        zs, hs = self.forward(X)
        delta = (hs[-1] - Y) / len(X)
        dW, db = [None] * len(self.weights), [None] * len(self.weights)
        for k in reversed(range(len(self.weights))):
            dW[k], db[k] = hs[k].T @ delta, delta.sum(axis=0)
            if k > 0:
                delta = delta @ self.weights[k].T * swish_prime(zs[k - 1])
        return dW, db
