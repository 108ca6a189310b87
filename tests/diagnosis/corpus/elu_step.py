"""A step on a list of dictionaries, rows, ELU, softmax."""
import numpy as np
from math import exp
def sgd_step(params, x, y, lr):
    """elu hidden units, softmax"""
    hs, zs = [x], []
    for i, p in enumerate(params):
        z = hs[-1] @ p["W"] + p["b"]
        zs.append(z)
        if i < len(params) - 1:
            hs.append(np.where(z > 0, z, np.exp(np.minimum(z, 0)) - 1))
        else:
            q = np.exp(z - z.max(-1, keepdims=True)); hs.append(q / q.sum(-1, keepdims=True))
    g = (hs[-1] - y) / x.shape[0]
    new = []
    for i in range(len(params))[::-1]:
        gW, gb = hs[i].T @ g, g.sum(0)
        if i > 0:
            g = (g @ params[i]["W"].T) * np.where(zs[i-1] > 0, 1, np.exp(zs[i-1]))
        new.append({"W": params[i]["W"] - lr * gW, "b": params[i]["b"] - lr * gb})
    return new[::-1]
