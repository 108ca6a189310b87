import numpy as np

# xor, with a third input that is always on
inputs = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]])
wanted = np.array([[0, 1, 1, 0]]).T

np.random.seed(7)
synapse_a = 2 * np.random.random((3, 5)) - 1
synapse_b = 2 * np.random.random((5, 1)) - 1

for turn in range(50000):
    middle = 1 / (1 + np.exp(-(inputs.dot(synapse_a))))
    result = 1 / (1 + np.exp(-(middle.dot(synapse_b))))
    result_delta = (wanted - result) * (result * (1 - result))
    middle_delta = result_delta.dot(synapse_b.T) * (middle * (1 - middle))
    synapse_b += middle.T.dot(result_delta)
    synapse_a += inputs.T.dot(middle_delta)

print("after training", result)
