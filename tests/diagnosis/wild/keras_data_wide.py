import numpy as np
from tensorflow.keras.datasets import mnist
from tensorflow.keras.utils import to_categorical

(train_X, train_y), (test_X, test_y) = mnist.load_data()
train_X = train_X.reshape(60000, 784).astype("float32") / 255
test_X = test_X.reshape(10000, 784).astype("float32") / 255
train_y = to_categorical(train_y)
test_y = to_categorical(test_y)


def sigmoid(x, derivative=False):
    if derivative:
        return np.exp(-x) / (np.exp(-x) + 1) ** 2
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max())
    return e / np.sum(e, axis=0)


class DeepNeuralNetwork:
    def __init__(self, sizes, epochs=10, l_rate=0.01):
        self.sizes = sizes
        self.epochs = epochs
        self.l_rate = l_rate
        self.params = {
            "W1": np.random.randn(sizes[1], sizes[0]) * np.sqrt(1 / sizes[1]),
            "W2": np.random.randn(sizes[2], sizes[1]) * np.sqrt(1 / sizes[2]),
        }

    def forward_pass(self, x_train):
        params = self.params
        params["A0"] = x_train
        params["Z1"] = np.dot(params["W1"], params["A0"])
        params["A1"] = sigmoid(params["Z1"])
        params["Z2"] = np.dot(params["W2"], params["A1"])
        params["A2"] = softmax(params["Z2"])
        return params["A2"]

    def backward_pass(self, y_train, output):
        params = self.params
        change_w = {}
        error = output - y_train
        change_w["W2"] = np.outer(error, params["A1"])
        error = np.dot(params["W2"].T, error) * sigmoid(params["Z1"], derivative=True)
        change_w["W1"] = np.outer(error, params["A0"])
        return change_w

    def update(self, changes):
        for key, value in changes.items():
            self.params[key] -= self.l_rate * value

    def train(self, x_train, y_train, x_val, y_val):
        for iteration in range(self.epochs):
            for x, y in zip(x_train, y_train):
                output = self.forward_pass(x)
                self.update(self.backward_pass(y, output))
            print("epoch", iteration + 1)


dnn = DeepNeuralNetwork(sizes=[784, 50, 10])
dnn.train(train_X, train_y, test_X, test_y)
