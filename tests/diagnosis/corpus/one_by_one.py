import numpy as np

def softmax(v):
    v = v - v.max()
    return np.exp(v) / np.exp(v).sum()

class Classifier:
    def __init__(self, sizes):
        self.weights = [0.1 * np.random.randn(n, m) for m, n in zip(sizes[:-1], sizes[1:])]
        self.biases = [np.zeros(n) for n in sizes[1:]]

    def feedforward(self, x):
        acts = [x]
        for W, b in zip(self.weights[:-1], self.biases[:-1]):
            acts.append(np.tanh(W.dot(acts[-1]) + b))
        acts.append(softmax(self.weights[-1].dot(acts[-1]) + self.biases[-1]))
        return acts

    def backprop_batch(self, X, Y):
        sum_w = [np.zeros(W.shape) for W in self.weights]
        sum_b = [np.zeros(b.shape) for b in self.biases]
        for x, y in zip(X, Y):
            acts = self.feedforward(x)
            delta = acts[-1] - y
            for l in range(len(self.weights) - 1, -1, -1):
                sum_w[l] += np.outer(delta, acts[l])
                sum_b[l] += delta
                delta = self.weights[l].T.dot(delta) * (1 - acts[l] ** 2)
            for l in range(len(self.weights)):
                sum_w[l] /= len(X)
                sum_b[l] /= len(X)
        return sum_w, sum_b
