# three weight matrices written out, columns are samples
import numpy as np

def sigmoid(x): return 1/(1+np.exp(-x))

def forward_pass(params, X):
    Z1 = np.dot(params["W1"], X) + params["b1"]
    A1 = np.tanh(Z1)
    Z2 = np.dot(params["W2"], A1) + params["b2"]
    A2 = np.tanh(Z2)
    Z3 = np.dot(params["W3"], A2) + params["b3"]
    A3 = sigmoid(Z3)
    return {"A1": A1, "A2": A2, "A3": A3}

def compute_cost(A3, Y):
    m = Y.shape[1]
    return -np.sum(Y*np.log(A3) + (1-Y)*np.log(1-A3))/m

def backward_pass(params, X, Y):
    m = X.shape[1]
    cache = forward_pass(params, X)
    A1, A2, A3 = cache["A1"], cache["A2"], cache["A3"]
    dZ3 = A3 - Y
    dW3 = np.dot(dZ3, A2.T)/m
    db3 = np.sum(dZ3, axis=1, keepdims=True)/m
    dZ2 = np.dot(params["W3"].T, dZ3) * (1 - A2**2)
    dW2 = np.dot(dZ2, A1.T)/m
    dZ1 = np.dot(params["W2"].T, dZ2) * (1 - A1**2)
    db2 = np.sum(dZ1, axis=1, keepdims=True)/m
    dW1 = np.dot(dZ1, X.T)/m
    db1 = np.sum(dZ1, axis=1, keepdims=True)/m
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2, "dW3": dW3, "db3": db3}
