"""A class whose train(x, y) updates at once with its own learning rate; vectors, one hidden layer."""
import numpy as np


class NeuralNetwork:
    def __init__(self, input_nodes, hidden_nodes, output_nodes, learning_rate=0.3):
        self.lr = learning_rate
        self.w_ih = np.random.normal(0.0, 0.5, (hidden_nodes, input_nodes))
        self.b_h = np.zeros(hidden_nodes)
        self.w_ho = np.random.normal(0.0, 0.5, (output_nodes, hidden_nodes))
        self.b_o = np.zeros(output_nodes)

    def activation(self, v):
        return 1 / (1 + np.exp(-v))

    def predict(self, inputs):
        hidden = self.activation(self.w_ih @ inputs + self.b_h)
        return self.activation(self.w_ho @ hidden + self.b_o)

    def train(self, inputs, targets):
        hidden = self.activation(self.w_ih @ inputs + self.b_h)
        final = self.activation(self.w_ho @ hidden + self.b_o)
        # squared error
        delta_o = (final - targets) * final * (1 - final)
        delta_h = (self.w_ho.T @ delta_o) * hidden * (1 - hidden)
        self.w_ho -= self.lr * np.outer(delta_o, hidden)
        self.b_o -= self.lr * delta_o
        self.w_ih -= self.lr * np.outer(delta_h, inputs)
        self.b_h -= self.lr * delta_h
