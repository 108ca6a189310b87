import numpy as np

class MLP:
    def __init__(self, n_in, n_hidden, n_out, lr=0.5):
        self.W1 = np.random.uniform(-1, 1, (n_in, n_hidden))
        self.b1 = np.random.uniform(-1, 1, (1, n_hidden))
        self.W2 = np.random.uniform(-1, 1, (n_hidden, n_out))
        self.b2 = np.random.uniform(-1, 1, (1, n_out))
        self.lr = lr

    def sigmoid(self, x):
        return 1 / (1 + np.exp(-x))

    def forward(self, X):
        self.h = self.sigmoid(np.dot(X, self.W1)) + self.b1
        self.o = self.sigmoid(np.dot(self.h, self.W2) + self.b2)
        return self.o

    def backward(self, X, y):
        # loss: 0.5 * sum((y - o) ** 2)
        d_o = (self.o - y) * self.o * (1 - self.o)
        d_h = np.dot(d_o, self.W2.T) * self.h * (1 - self.h)
        self.W2 -= self.lr * np.dot(self.h.T, d_o)
        self.b2 -= self.lr * np.sum(d_o, axis=0, keepdims=True)
        self.W1 -= self.lr * np.dot(X.T, d_h)
        self.b1 -= self.lr * np.sum(d_h, axis=0, keepdims=True)

    def train_step(self, X, y):
        self.forward(X)
        self.backward(X, y)
