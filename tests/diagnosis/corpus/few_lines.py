import numpy as np

# a network in a few lines, no biases

def nonlin(x, deriv=False):
    if deriv == True:
        return x * (1 - x)
    return 1 / (1 + np.exp(-x))


class Net:
    def __init__(self, inputs, hidden, outputs):
        np.random.seed(1)
        self.syn0 = 2 * np.random.random((inputs, hidden)) - 1
        self.syn1 = 2 * np.random.random((hidden, outputs)) - 1

    def predict(self, X):
        return nonlin(np.dot(nonlin(np.dot(X, self.syn0)), self.syn1))

    def train(self, X, y, alpha=1.0):
        l0 = X
        l1 = nonlin(np.dot(l0, self.syn0))
        l2 = nonlin(np.dot(l1, self.syn1))
        # how much did we miss the target value? (mean squared error)
        l2_error = y - l2
        l2_delta = l2_error * nonlin(l2, deriv=True)
        # how much did each l1 value contribute to the l2 error?
        l1_error = l2_error.dot(self.syn1.T)
        l1_delta = l1_error * nonlin(l1, deriv=True)
        self.syn1 += alpha * l1.T.dot(l2_delta)
        self.syn0 += alpha * l0.T.dot(l1_delta)
