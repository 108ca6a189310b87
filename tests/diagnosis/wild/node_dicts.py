from math import exp
from random import random, seed


def make_network(n_inputs, n_hidden, n_outputs):
    network = []
    network.append([{"weights": [random() for _ in range(n_inputs + 1)]} for _ in range(n_hidden)])
    network.append([{"weights": [random() for _ in range(n_hidden + 1)]} for _ in range(n_outputs)])
    return network


def activate(weights, inputs):
    total = weights[-1]
    for i in range(len(weights) - 1):
        total += weights[i] * inputs[i]
    return total


def transfer(activation):
    return 1.0 / (1.0 + exp(-activation))


def transfer_slope(output):
    return output * (1.0 - output)


def forward(network, row):
    inputs = row
    for layer in network:
        new = []
        for neuron in layer:
            neuron["output"] = transfer(activate(neuron["weights"], inputs))
            new.append(neuron["output"])
        inputs = new
    return inputs


def backward_error(network, expected):
    for i in reversed(range(len(network))):
        layer = network[i]
        errors = []
        if i != len(network) - 1:
            for j in range(len(layer)):
                error = 0.0
                for neuron in network[i + 1]:
                    error += neuron["weights"][j] * neuron["delta"]
                errors.append(error)
        else:
            for j, neuron in enumerate(layer):
                errors.append(neuron["output"] - expected[j])
        for j, neuron in enumerate(layer):
            neuron["delta"] = errors[j] * transfer_slope(neuron["output"])


def update(network, row, rate):
    for i in range(len(network)):
        inputs = row[:-1]
        if i != 0:
            inputs = [neuron["output"] for neuron in network[i - 1]]
        for neuron in network[i]:
            for j in range(len(inputs)):
                neuron["weights"][j] -= rate * neuron["delta"] * inputs[j]
            neuron["weights"][-1] -= rate * neuron["delta"]


def train(network, data, rate, n_epoch, n_outputs):
    for epoch in range(n_epoch):
        sum_error = 0
        for row in data:
            outputs = forward(network, row)
            expected = [0 for _ in range(n_outputs)]
            expected[row[-1]] = 1
            sum_error += sum((expected[i] - outputs[i]) ** 2 for i in range(len(expected)))
            backward_error(network, expected)
            update(network, row, rate)
        print(">epoch=%d, rate=%.3f, error=%.3f" % (epoch, rate, sum_error))


seed(1)
dataset = [
    [2.7, 2.5, 0], [1.4, 2.3, 0], [3.3, 4.4, 0], [1.3, 1.8, 0], [3.0, 3.0, 0],
    [7.6, 2.7, 1], [5.3, 2.0, 1], [6.9, 1.7, 1], [8.6, -0.2, 1], [7.6, 3.5, 1],
]
network = make_network(len(dataset[0]) - 1, 3, 2)
train(network, dataset, 0.5, 20, 2)
for layer in network:
    print(layer)
