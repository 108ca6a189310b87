"""A network without biases, in the style of a well-known book for beginners."""
import numpy as np
import scipy.special


class neuralNetwork:
    def __init__(self, inputnodes, hiddennodes, outputnodes, learningrate):
        self.inodes = inputnodes
        self.lr = learningrate
        self.wih = np.random.normal(0.0, pow(hiddennodes, -0.5), (hiddennodes, inputnodes))
        self.who = np.random.normal(0.0, pow(outputnodes, -0.5), (outputnodes, hiddennodes))
        self.activation_function = lambda v: scipy.special.expit(v)

    def query(self, inputs):
        hidden = self.activation_function(np.dot(self.wih, inputs))
        return self.activation_function(np.dot(self.who, hidden))

    def train(self, inputs, targets):
        hidden = self.activation_function(np.dot(self.wih, inputs))
        final = self.activation_function(np.dot(self.who, hidden))
        output_errors = final - targets
        out_error = output_errors * final * (1 - final)
        hidden_error = np.dot(self.who.T, out_error) * hidden * (1 - hidden)
        self.who -= self.lr * np.outer(out_error, hidden)
        self.wih -= self.lr * np.outer(hidden_error, inputs)
