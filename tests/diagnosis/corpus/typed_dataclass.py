"""Modern Python: a dataclass, type hints, leaky ReLU, a train_step that returns the loss."""
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass
class Perceptron:
    sizes: list[int]
    learning_rate: float = 0.1
    weights: list[NDArray] = field(init=False)
    biases: list[NDArray] = field(init=False)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(1)
        self.weights = [rng.standard_normal((o, i)) for i, o in zip(self.sizes, self.sizes[1:])]
        self.biases = [rng.standard_normal(o) for o in self.sizes[1:]]

    def forward(self, x: NDArray) -> NDArray:
        self.zs: list[NDArray] = []
        self.hs: list[NDArray] = [x]
        for w, b in zip(self.weights, self.biases):
            z = self.hs[-1] @ w.T + b
            self.zs.append(z)
            self.hs.append(np.where(z > 0, z, 0.01 * z))
        logits = self.zs[-1]
        e = np.exp(logits - logits.max(axis=-1, keepdims=True))
        self.hs[-1] = e / e.sum(axis=-1, keepdims=True)
        return self.hs[-1]

    def train_step(self, x: NDArray, y: NDArray) -> float:
        p = self.forward(x)
        delta = (p - y) / x.shape[0]
        updates = []
        for k in range(len(self.weights) - 1, -1, -1):
            updates.append((k, delta.T @ self.hs[k], delta.sum(axis=0)))
            if k > 0:
                slope = np.where(self.zs[k - 1] > 0, 1.0, 0.01)
                delta = (delta @ self.weights[k]) * slope
        for k, dw, db in updates:
            self.weights[k] = self.weights[k] - self.learning_rate * dw
            self.biases[k] = self.biases[k] - self.learning_rate * db
        return float(-np.sum(y * np.log(p)) / x.shape[0])
