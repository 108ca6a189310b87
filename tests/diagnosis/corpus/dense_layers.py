import numpy as np


class Layer:
    def __init__(self):
        self.input = None
        self.output = None

    def forward(self, input):
        raise NotImplementedError

    def backward(self, output_gradient, learning_rate):
        raise NotImplementedError


class Dense(Layer):
    def __init__(self, input_size, output_size):
        self.weights = np.random.randn(output_size, input_size)
        self.bias = np.random.randn(output_size, 1)

    def forward(self, input):
        self.input = input
        return np.dot(self.weights, self.input) + self.bias

    def backward(self, output_gradient, learning_rate):
        weights_gradient = np.dot(output_gradient, self.input.T)
        self.weights -= learning_rate * weights_gradient
        self.bias -= learning_rate * output_gradient
        return np.dot(self.weights.T, output_gradient)


class Tanh(Layer):
    def forward(self, input):
        self.input = input
        return np.tanh(input)

    def backward(self, output_gradient, learning_rate):
        return np.multiply(output_gradient, 1 - np.tanh(self.input) ** 2)


class Sigmoid(Layer):
    def forward(self, input):
        self.input = input
        return 1 / (1 + np.exp(-input))

    def backward(self, output_gradient, learning_rate):
        s = 1 / (1 + np.exp(-self.input))
        return np.multiply(output_gradient, s * (1 - s))


def mse(y_true, y_pred):
    return np.mean(np.power(y_true - y_pred, 2))


def mse_prime(y_true, y_pred):
    return 2 * (y_pred - y_true) / np.size(y_true)


class Network:
    def __init__(self, sizes):
        self.layers = []
        for i in range(len(sizes) - 2):
            self.layers.append(Dense(sizes[i], sizes[i + 1]))
            self.layers.append(Tanh())
        self.layers.append(Dense(sizes[-2], sizes[-1]))
        self.layers.append(Sigmoid())

    def predict(self, x):
        output = x
        for layer in self.layers:
            output = layer.forward(output)
        return output

    def train_step(self, x, y, learning_rate=0.1):
        output = self.predict(x)
        grad = mse_prime(y, output)
        for layer in reversed(self.layers):
            grad = layer.backward(grad, learning_rate)
        return mse(y, output)
