import numpy as np

relu = lambda v: v * (v > 0)

def softmax(v):
    e = np.exp(v - v.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)

def sgd_step(weights, biases, batch, learning_rate=0.01):
    x, y = batch
    outs = [x]
    for i, (w, b) in enumerate(zip(weights, biases)):
        s = outs[-1] @ w + b
        outs.append(softmax(s) if i == len(weights) - 1 else relu(s))
    grads_w, grads_b = [], []
    d = (outs[-1] - y) / len(x)
    for i in range(len(weights) - 1, -1, -1):
        grads_w.append(outs[i].T @ d)
        grads_b.append(d.sum(0))
        d = (d @ weights[i].T) * (outs[i] > 0)
    for w, dw in zip(weights, reversed(grads_w)):
        w -= learning_rate * dw
    for b, db in zip(biases, reversed(grads_b)):
        b = b - learning_rate * db
