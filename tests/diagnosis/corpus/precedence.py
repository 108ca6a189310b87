import numpy as np

def sigmoid(x):
    return 1 / (1 + np.exp(-x))

def d_sigmoid(x):
    return sigmoid(x) * 1 - sigmoid(x)

def gradients(weights, biases, X, Y):
    """MSE/2 of a sigmoid network; X, Y with one sample a row."""
    hs, zs = [X], []
    for w, b in zip(weights, biases):
        zs.append(hs[-1].dot(w.T) + b)
        hs.append(sigmoid(zs[-1]))
    output = hs[-1]
    error = output - Y
    delta = error * output * (1 - output)
    gw, gb = [], []
    for i in range(len(weights))[::-1]:
        gw = [delta.T.dot(hs[i])] + gw
        gb = [delta.sum(axis=0)] + gb
        if i != 0:
            delta = delta.dot(weights[i]) * d_sigmoid(zs[i - 1])
    return gw, gb
