"""The textbook class with cross-entropy as a class of its own, given to the network."""
import numpy as np


def sigma(z):
    return 1.0 / (1.0 + np.exp(-z))


def sigma_prime(z):
    s = sigma(z)
    return s * (1 - s)


class CrossEntropyCost:
    @staticmethod
    def fn(a, y):
        return np.sum(np.nan_to_num(-y * np.log(a) - (1 - y) * np.log(1 - a)))

    @staticmethod
    def delta(z, a, y):
        return a - y


class Net(object):
    def __init__(self, sizes, cost=CrossEntropyCost):
        self.n = len(sizes)
        self.cost = cost
        self.weights = []
        self.biases = []
        for i in range(1, self.n):
            self.weights.append(np.random.normal(size=(sizes[i], sizes[i - 1])) / np.sqrt(sizes[i - 1]))
            self.biases.append(np.random.normal(size=(sizes[i], 1)))

    def feedforward(self, a):
        for w, b in zip(self.weights, self.biases):
            a = sigma(w @ a + b)
        return a

    def backprop(self, x, y):
        grads_w, grads_b = [], []
        zs, acts = [], [x]
        for w, b in zip(self.weights, self.biases):
            zs.append(w @ acts[-1] + b)
            acts.append(sigma(zs[-1]))
        delta = self.cost.delta(zs[-1], acts[-1], y)
        grads_w.insert(0, delta @ acts[-2].T)
        grads_b.insert(0, delta)
        for k in range(self.n - 3, -1, -1):
            delta = (self.weights[k + 1].T @ delta) * sigma_prime(zs[k])
            grads_w.insert(0, delta @ acts[k].T)
            grads_b.insert(0, delta)
        return grads_w, grads_b
