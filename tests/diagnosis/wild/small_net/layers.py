import numpy as np


class Linear:
    def __init__(self, n_in, n_out):
        self.weight = np.random.randn(n_in, n_out) / np.sqrt(n_in)
        self.bias = np.zeros(n_out)
        self.weight_grad = None
        self.bias_grad = None

    def __call__(self, x):
        self.x = x
        return x @ self.weight + self.bias

    def backward(self, grad):
        self.weight_grad = self.x.T @ grad
        self.bias_grad = grad.sum(axis=0)
        return grad @ self.weight.T


class Tanh:
    def __call__(self, x):
        self.out = np.tanh(x)
        return self.out

    def backward(self, grad):
        return grad * (1 - self.out**2)
