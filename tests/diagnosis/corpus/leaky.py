import numpy as np

def leaky_relu(x, alpha=0.01):
    return np.where(x > 0, x, alpha * x)

def leaky_relu_derivative(x, alpha=0.1):
    return np.where(x > 0, 1, alpha)

def softmax(x):
    ex = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return ex / ex.sum(axis=-1, keepdims=True)

def loss(weights, biases, X, T):
    h = X
    for W, b in zip(weights[:-1], biases[:-1]):
        h = leaky_relu(h @ W + b)
    p = softmax(h @ weights[-1] + biases[-1])
    return -(T * np.log(p)).sum() / len(X)

def backprop(weights, biases, X, T):
    inputs, pre = [X], []
    for W, b in zip(weights, biases):
        pre.append(inputs[-1] @ W + b)
        inputs.append(leaky_relu(pre[-1]))
    grad_w, grad_b = [], []
    error = (softmax(pre[-1]) - T) / X.shape[0]
    for layer in range(len(weights) - 1, -1, -1):
        grad_w.insert(0, inputs[layer].T @ error)
        grad_b.insert(0, error.sum(axis=0))
        if layer:
            error = (error @ weights[layer].T) * leaky_relu_derivative(pre[layer - 1])
    return grad_w, grad_b
