import numpy as np

ACTIVATIONS = {
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2),
}


class Model:
    def __init__(self):
        self.W, self.b, self.acts, self.units = [], [], [], []

    def add(self, units, activation="sigmoid", input_dim=None):
        before = input_dim if input_dim is not None else self.units[-1]
        self.W.append(np.random.randn(units, before) * 0.5)
        self.b.append(np.zeros((units, 1)))
        self.acts.append(ACTIVATIONS[activation])
        self.units.append(units)

    def compile(self, learning_rate=0.1):
        self.learning_rate = learning_rate

    def forward_prop(self, x):
        self.z, self.a = [], [x.reshape(-1, 1)]
        for W, b, (act, _) in zip(self.W, self.b, self.acts):
            self.z.append(W @ self.a[-1] + b)
            self.a.append(act(self.z[-1]))
        return self.a[-1]

    def loss(self, y):
        return 0.5 * np.sum((self.a[-1] - y.reshape(-1, 1)) ** 2)

    def backpropagation(self, y):
        delta = (self.a[-1] - y.reshape(-1, 1)) * self.acts[-1][1](self.z[-1])
        self.dW, self.db = [None] * len(self.W), [None] * len(self.b)
        for l in reversed(range(len(self.W))):
            self.dW[l] = delta @ self.a[l].T
            self.db[l] = delta
            if l:
                delta = self.W[l].T @ delta * self.acts[l - 1][1](self.z[l - 1])

    def fit(self, X, y, epochs=10):
        for _ in range(epochs):
            for xi, yi in zip(X, y):
                self.forward_prop(xi)
                self.backpropagation(yi)
                for l in range(len(self.W)):
                    self.W[l] -= self.learning_rate * self.dW[l]
                    self.b[l] -= self.learning_rate * self.db[l]


if __name__ == "__main__":
    model = Model()
    model.add(6, "tanh", input_dim=3)
    model.add(2, "sigmoid")
    model.compile(0.2)
    X = np.random.rand(50, 3)
    Y = np.stack([X.sum(axis=1) > 1.5, X[:, 0] > X[:, 1]], axis=1).astype(float)
    model.fit(X, Y)
