import numpy as np


class Net:
    """Gradients are summed over the samples in a loop, then averaged and applied; x is one column."""

    def __init__(self, layer_sizes):
        self.weights = [np.random.standard_normal((m, n)) / n**0.5 for n, m in zip(layer_sizes[:-1], layer_sizes[1:])]
        self.biases = [np.zeros((m, 1)) for m in layer_sizes[1:]]

    @staticmethod
    def activation(x):
        return 1 / (1 + np.exp(-x))

    def predict(self, a):
        for w, b in zip(self.weights, self.biases):
            a = self.activation(w @ a + b)
        return a

    def sample_gradient(self, x, y):
        outs = [x]
        for w, b in zip(self.weights, self.biases):
            outs.append(self.activation(w @ outs[-1] + b))
        error = (outs[-1] - y) * outs[-1] * (1 - outs[-1])
        dws, dbs = [], []
        for i in range(len(self.weights) - 1, -1, -1):
            dws.insert(0, error @ outs[i].T)
            dbs.insert(0, error)
            error = self.weights[i].T @ error * outs[i] * (1 - outs[i])
        return dws, dbs

    def train_batch(self, images, labels, lr):
        sum_w = [np.zeros(w.shape) for w in self.weights]
        sum_b = [np.zeros(b.shape) for b in self.biases]
        for x, y in zip(images, labels):
            dws, dbs = self.sample_gradient(x, y)
            for i in range(len(sum_w)):
                sum_w[i] += dws[i]
                sum_b[i] += dbs[i]
        for i in range(len(self.weights)):
            self.weights[i] -= lr * sum_w[i] / len(images)
            self.biases[i] -= lr * sum_b[i] / len(images)
