import numpy as np

table = np.loadtxt("housing.csv", delimiter=",", skiprows=1)
x = table[:, :-1]
t = table[:, -1:]
x = (x - x.mean(axis=0)) / (x.std(axis=0) + 1e-8)

n_hidden = 8
hidden_weights = np.random.normal(0, 0.3, (x.shape[1], n_hidden))
hidden_bias = np.zeros(n_hidden)
output_weights = np.random.normal(0, 0.3, (n_hidden, 1))
output_bias = np.zeros(1)
learning_rate = 0.05

for epoch in range(2000):
    hidden = np.tanh(x @ hidden_weights + hidden_bias)
    output = hidden @ output_weights + output_bias
    error = output - t
    cost = 0.5 * np.mean(error ** 2)
    if epoch % 200 == 0:
        print(epoch, cost)

    d_out = error / len(x)
    grad_output_weights = hidden.T @ d_out
    grad_output_bias = d_out.sum(axis=0)
    d_hidden = (d_out @ output_weights.T) * (1 - hidden ** 2)
    grad_hidden_weights = x.T @ d_hidden
    grad_hidden_bias = d_hidden.sum(axis=0)

    output_weights -= learning_rate * grad_output_weights
    output_bias -= learning_rate * grad_output_bias
    hidden_weights -= learning_rate * grad_hidden_weights
    hidden_bias -= learning_rate * grad_hidden_bias
