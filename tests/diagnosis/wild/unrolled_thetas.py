import numpy as np
from scipy.optimize import minimize


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def sigmoid_gradient(z):
    g = sigmoid(z)
    return g * (1 - g)


def nn_cost_function(nn_params, input_layer_size, hidden_layer_size, num_labels, X, y, lam):
    """Cost, and gradient as one vector; each Theta has its bias in column 0. y: labels 0 .. num_labels - 1."""
    cut = hidden_layer_size * (input_layer_size + 1)
    Theta1 = nn_params[:cut].reshape(hidden_layer_size, input_layer_size + 1)
    Theta2 = nn_params[cut:].reshape(num_labels, hidden_layer_size + 1)
    m = X.shape[0]

    a1 = np.hstack([np.ones((m, 1)), X])
    z2 = a1 @ Theta1.T
    a2 = np.hstack([np.ones((m, 1)), sigmoid(z2)])
    a3 = sigmoid(a2 @ Theta2.T)

    Y = np.zeros((m, num_labels))
    Y[np.arange(m), y] = 1
    J = -np.sum(Y * np.log(a3) + (1 - Y) * np.log(1 - a3)) / m
    J += lam / (2 * m) * (np.sum(Theta1[:, 1:] ** 2) + np.sum(Theta2[:, 1:] ** 2))

    d3 = a3 - Y
    d2 = (d3 @ Theta2)[:, 1:] * sigmoid_gradient(z2)
    Theta1_grad = d2.T @ a1 / m
    Theta2_grad = d3.T @ a2 / m
    Theta1_grad[:, 1:] += lam / m * Theta1[:, 1:]
    Theta2_grad[:, 1:] += lam / m * Theta2[:, 1:]
    return J, np.concatenate([Theta1_grad.ravel(), Theta2_grad.ravel()])


def rand_initialize(l_in, l_out, epsilon=0.12):
    return np.random.rand(l_out, l_in + 1) * 2 * epsilon - epsilon


if __name__ == "__main__":
    data = np.loadtxt("ex4data1.txt", delimiter=",")
    X, y = data[:, :-1], data[:, -1].astype(int) % 10
    start = np.concatenate([rand_initialize(400, 25).ravel(), rand_initialize(25, 10).ravel()])
    found = minimize(nn_cost_function, start, args=(400, 25, 10, X, y, 1.0), jac=True, method="TNC")
    print(found.fun)
