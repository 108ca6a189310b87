import math
import random


class NeuralNetwork:
    def __init__(self, n_input, n_hidden, n_output):
        self.w_hidden = [[random.uniform(-1, 1) for _ in range(n_input)] for _ in range(n_hidden)]
        self.b_hidden = [random.uniform(-1, 1) for _ in range(n_hidden)]
        self.w_output = [[random.uniform(-1, 1) for _ in range(n_hidden)] for _ in range(n_output)]
        self.b_output = [random.uniform(-1, 1) for _ in range(n_output)]
        self.lr = 0.5

    def feed(self, x):
        self.h = [1 / (1 + math.exp(-sum(w * v for w, v in zip(row, x)) - b))
                  for row, b in zip(self.w_hidden, self.b_hidden)]
        self.o = [1 / (1 + math.exp(-sum(w * v for w, v in zip(row, self.h)) - b))
                  for row, b in zip(self.w_output, self.b_output)]
        return self.o

    def train(self, x, target):
        """Squared error 1/2 (t - o)^2, one sample."""
        self.feed(x)
        d_out = [(o - t) * o * (1 - o) for o, t in zip(self.o, target)]
        d_hid = [0.0] * len(self.h)
        for j in range(len(self.h)):
            s = 0.0
            for k in range(len(d_out)):
                s += d_out[k] * self.w_output[k][j]
            d_hid[j] = s * self.h[j] * (1 - self.h[j])
        for k in range(len(d_out)):
            for j in range(len(self.h)):
                self.w_output[k][j] -= self.lr * d_out[k] * self.h[j]
            self.b_output[k] -= self.lr * d_out[k]
        for j in range(len(d_hid)):
            for i in range(len(x)):
                self.w_hidden[j][i] -= self.lr * d_hid[j] * x[i]
            self.b_hidden[j] -= self.lr * d_hid[j]
