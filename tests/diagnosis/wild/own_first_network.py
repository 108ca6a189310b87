import numpy as np
import scipy.special


class neuralNetwork:

    def __init__(self, inputnodes, hiddennodes, outputnodes, learningrate):
        self.inodes = inputnodes
        self.hnodes = hiddennodes
        self.onodes = outputnodes
        self.w_i_h = np.random.normal(0.0, pow(self.hnodes, -0.5), (self.hnodes, self.inodes))
        self.w_h_o = np.random.normal(0.0, pow(self.onodes, -0.5), (self.onodes, self.hnodes))
        self.lr = learningrate
        self.squash = lambda x: scipy.special.expit(x)

    def train(self, inputs_list, targets_list):
        inputs = np.array(inputs_list, ndmin=2).T
        targets = np.array(targets_list, ndmin=2).T

        hidden_out = self.squash(np.dot(self.w_i_h, inputs))
        final_out = self.squash(np.dot(self.w_h_o, hidden_out))

        output_errors = targets - final_out
        hidden_errors = np.dot(self.w_h_o.T, output_errors * final_out * (1.0 - final_out))

        self.w_h_o += self.lr * np.dot((output_errors * final_out * (1.0 - final_out)), np.transpose(hidden_out))
        self.w_i_h += self.lr * np.dot((hidden_errors * hidden_out * (1.0 - hidden_out)), np.transpose(inputs))

    def query(self, inputs_list):
        inputs = np.array(inputs_list, ndmin=2).T
        return self.squash(np.dot(self.w_h_o, self.squash(np.dot(self.w_i_h, inputs))))


if __name__ == "__main__":
    n = neuralNetwork(784, 100, 10, 0.3)
    with open("mnist_train_100.csv") as f:
        records = f.readlines()
    for record in records:
        values = record.split(",")
        pixels = (np.asarray(values[1:], dtype=float) / 255.0 * 0.99) + 0.01
        targets = np.zeros(10) + 0.01
        targets[int(values[0])] = 0.99
        n.train(pixels, targets)
