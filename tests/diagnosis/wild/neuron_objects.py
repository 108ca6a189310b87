import math
import random


class Neuron:
    def __init__(self, n_inputs):
        self.weights = [random.uniform(-1, 1) for _ in range(n_inputs)]
        self.bias = random.uniform(-1, 1)
        self.inputs = []
        self.output = 0.0
        self.delta = 0.0

    def fire(self, inputs):
        self.inputs = inputs
        total = self.bias
        for w, x in zip(self.weights, inputs):
            total += w * x
        self.output = 1 / (1 + math.exp(-total))
        return self.output


class NeuronLayer:
    def __init__(self, n_neurons, n_inputs):
        self.neurons = [Neuron(n_inputs) for _ in range(n_neurons)]

    def feed_forward(self, inputs):
        return [neuron.fire(inputs) for neuron in self.neurons]


class NeuralNetwork:
    LEARNING_RATE = 0.5

    def __init__(self, num_inputs, num_hidden, num_outputs):
        self.num_inputs = num_inputs
        self.hidden_layer = NeuronLayer(num_hidden, num_inputs)
        self.output_layer = NeuronLayer(num_outputs, num_hidden)

    def feed_forward(self, inputs):
        return self.output_layer.feed_forward(self.hidden_layer.feed_forward(inputs))

    def train(self, training_inputs, training_outputs):
        self.feed_forward(training_inputs)
        for o, neuron in enumerate(self.output_layer.neurons):
            error = neuron.output - training_outputs[o]
            neuron.delta = error * neuron.output * (1 - neuron.output)
        for h, neuron in enumerate(self.hidden_layer.neurons):
            error = sum(above.delta * above.weights[h] for above in self.output_layer.neurons)
            neuron.delta = error * neuron.output * (1 - neuron.output)
        for layer in (self.output_layer, self.hidden_layer):
            for neuron in layer.neurons:
                for i in range(len(neuron.weights)):
                    neuron.weights[i] -= self.LEARNING_RATE * neuron.delta * neuron.inputs[i]
                neuron.bias -= self.LEARNING_RATE * neuron.delta

    def total_error(self, training_sets):
        total = 0
        for inputs, outputs in training_sets:
            found = self.feed_forward(inputs)
            total += sum(0.5 * (t - o) ** 2 for t, o in zip(outputs, found))
        return total


if __name__ == "__main__":
    sets = [[[0, 0], [0]], [[0, 1], [1]], [[1, 0], [1]], [[1, 1], [0]]]
    nn = NeuralNetwork(2, 5, 1)
    for i in range(10000):
        nn.train(*random.choice(sets))
    print(nn.total_error(sets))
