import numpy as np


class BinaryCrossEntropy:
    def loss(self, y, p):
        return np.sum(-y * np.log(p) - (1 - y) * np.log(1 - p), axis=1).mean()

    def gradient(self, y, p):
        return (-(y / p) + (1 - y) / (1 - p)) / len(y)


class Sigmoid:
    def __call__(self, x):
        return 1 / (1 + np.exp(-x))

    def gradient(self, x):
        return self.__call__(x) * (1 - self.__call__(x))


class NeuralNetwork:
    def __init__(self, layer_sizes):
        self.activation = Sigmoid()
        self.loss = BinaryCrossEntropy()
        self.weights, self.biases = [], []
        for n_in, n_out in zip(layer_sizes[:-1], layer_sizes[1:]):
            limit = 1 / np.sqrt(n_in)
            self.weights.append(np.random.uniform(-limit, limit, (n_in, n_out)))
            self.biases.append(np.zeros((1, n_out)))

    def forward_pass(self, X):
        layer_outputs = [X]
        for W, b in zip(self.weights, self.biases):
            layer_outputs.append(self.activation(layer_outputs[-1].dot(W) + b))
        return layer_outputs

    def predict(self, X):
        return self.forward_pass(X)[-1]

    def backward_pass(self, X, y):
        layer_outputs = self.forward_pass(X)
        grad = self.loss.gradient(y, layer_outputs[-1])
        grads_W, grads_b = [], []
        for i in reversed(range(len(self.weights))):
            grad = grad * self.activation.gradient(layer_outputs[i + 1])
            grads_W.insert(0, layer_outputs[i].T.dot(grad))
            grads_b.insert(0, np.sum(grad, axis=0, keepdims=True))
            grad = grad.dot(self.weights[i].T)
        return grads_W, grads_b
