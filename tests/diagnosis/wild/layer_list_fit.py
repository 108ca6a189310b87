import numpy as np


class Layer:
    def __init__(self):
        self.input = None
        self.output = None

    def forward(self, data):
        raise NotImplementedError

    def backward(self, output_error, learning_rate):
        raise NotImplementedError


class Full(Layer):
    def __init__(self, n_from, n_to):
        self.weights = np.random.rand(n_from, n_to) - 0.5
        self.bias = np.random.rand(1, n_to) - 0.5

    def forward(self, data):
        self.input = data
        self.output = np.dot(self.input, self.weights) + self.bias
        return self.output

    def backward(self, output_error, learning_rate):
        input_error = np.dot(output_error, self.weights.T)
        weights_error = np.dot(self.input.T, output_error)
        self.weights -= learning_rate * weights_error
        self.bias -= learning_rate * output_error
        return input_error


class Squash(Layer):
    def __init__(self, function, slope):
        self.function = function
        self.slope = slope

    def forward(self, data):
        self.input = data
        self.output = self.function(self.input)
        return self.output

    def backward(self, output_error, learning_rate):
        return self.slope(self.input) * output_error


def tanh(x):
    return np.tanh(x)


def tanh_slope(x):
    return 1 - np.tanh(x) ** 2


def mse(y_true, y_pred):
    return np.mean(np.power(y_true - y_pred, 2))


def mse_slope(y_true, y_pred):
    return 2 * (y_pred - y_true) / y_true.size


class Network:
    def __init__(self):
        self.layers = []
        self.loss = None
        self.loss_slope = None

    def add(self, layer):
        self.layers.append(layer)

    def use(self, loss, loss_slope):
        self.loss = loss
        self.loss_slope = loss_slope

    def fit(self, x_train, y_train, epochs, learning_rate):
        for i in range(epochs):
            err = 0
            for j in range(len(x_train)):
                output = x_train[j]
                for layer in self.layers:
                    output = layer.forward(output)
                err += self.loss(y_train[j], output)
                error = self.loss_slope(y_train[j], output)
                for layer in reversed(self.layers):
                    error = layer.backward(error, learning_rate)
            print("epoch %d/%d error=%f" % (i + 1, epochs, err / len(x_train)))


x_train = np.array([[[0, 0]], [[0, 1]], [[1, 0]], [[1, 1]]])
y_train = np.array([[[0]], [[1]], [[1]], [[0]]])

net = Network()
net.add(Full(2, 3))
net.add(Squash(tanh, tanh_slope))
net.add(Full(3, 1))
net.add(Squash(tanh, tanh_slope))
net.use(mse, mse_slope)
net.fit(x_train, y_train, epochs=1000, learning_rate=0.1)
