import numpy as np

class NeuralNet(object):
    """Sigmoid hidden layers, softmax output, cross entropy."""

    def __init__(self, layers):
        self.W = [np.random.normal(0, 1, (layers[i + 1], layers[i])) for i in range(len(layers) - 1)]
        self.B = [np.random.normal(0, 1, layers[i + 1]) for i in range(len(layers) - 1)]

    def sigma(self, z):
        return 1.0 / (1.0 + np.exp(-z))

    def softmax(self, z):
        e = np.exp(z - max(z))
        return e / sum(e)

    def forward(self, x):
        self.a = [x]
        for w, b in zip(self.W[:-1], self.B[:-1]):
            self.a.append(self.sigma(w @ self.a[-1] + b))
        self.a.append(self.softmax(self.W[-1] @ self.a[-1] + self.B[-1]))
        return self.a[-1]

    def cost(self, x, y):
        return -np.sum(y * np.log(self.forward(x)))

    def backward(self, x, y):
        p = self.forward(x)
        dp = -y / p                       # dC/dp
        delta = dp * p * (1 - p)          # dp/dz
        dW, dB = [], []
        for i in range(len(self.W) - 1, -1, -1):
            dW.append(np.outer(delta, self.a[i]))
            dB.append(delta)
            if i > 0:
                delta = self.W[i].T @ delta * self.a[i] * (1 - self.a[i])
        return dW[::-1], dB[::-1]
