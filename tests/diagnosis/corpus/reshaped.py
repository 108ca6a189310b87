import numpy as np

def sig(x):
    return 1 / (1 + np.exp(-x))

def backprop(weights, biases, x, y):
    # x: (N, n_in), y: (N, n_out), weights[i]: (n_in, n_out)
    a = [x]
    for w, b in zip(weights, biases):
        a.append(sig(a[-1] @ w + b))
    n = x.shape[0]
    dw = [None] * len(weights)
    db = [None] * len(weights)
    d = a[-1] - y      # cross entropy
    for i in reversed(range(len(weights))):
        dw[i] = a[i].T @ d / n
        db[i] = d.mean(0)
        # shapes did not fit, so reshape
        w = weights[i].reshape(weights[i].shape[1], weights[i].shape[0])
        d = (d @ w) * a[i] * (1 - a[i])
    return dw, db
