"""Recursion over the layers: the error comes back as the return value. Columns, tanh, cross-entropy."""
import numpy as np
def phi(z): return np.tanh(z)
def phi_prime(z): return 1 - np.tanh(z)**2
def out(z): return 1/(1+np.exp(-z))
def gradients(weights, biases, x, y):
    dW, db = [None]*len(weights), [None]*len(weights)
    def go(i, a):
        W, b = weights[i], biases[i]
        z = W @ a + b
        if i == len(weights) - 1:
            delta = out(z) - y
        else:
            delta = (weights[i+1].T @ go(i+1, phi(z))) * phi_prime(z)
        dW[i] = delta @ a.T
        db[i] = delta.sum(axis=1, keepdims=True)
        return delta
    go(0, x)
    return dW, db
