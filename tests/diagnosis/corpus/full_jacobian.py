import numpy as np

def logistic(z):
    return 1 / (1 + np.exp(-z))

def softmax(z):
    e = np.exp(z)
    return e / e.sum()

def softmax_jacobian(s):
    return np.diagflat(s) - np.outer(s, s)

def gradients(weights, biases, x, y):
    """Categorical cross-entropy for one sample x with target y, by the full Jacobian of softmax."""
    a, store = x, [x]
    for W, b in zip(weights[:-1], biases[:-1]):
        a = logistic(W @ a + b)
        store.append(a)
    s = softmax(weights[-1] @ a + biases[-1])
    dC_ds = -y / s
    delta = softmax_jacobian(s).T @ dC_ds
    dW, db = [], []
    for W, a in zip(weights[::-1], store[::-1]):
        dW.insert(0, delta[:, None] * a[None, :])
        db.insert(0, delta)
        delta = (W.T @ delta) * a * (1 - a)
    return dW, db
