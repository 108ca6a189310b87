"""Parameters as a list of (W, b), einsum throughout, softplus hidden layers, softmax."""
import numpy as np


def softplus(u):
    return np.logaddexp(0, u)


def softplus_slope(u):
    return 1 / (1 + np.exp(-u))


def grads(params, x, y):
    h, pre, post = x, [], [x]
    for W, b in params[:-1]:
        u = np.einsum("ni,oi->no", h, W) + b
        h = softplus(u)
        pre.append(u)
        post.append(h)
    W, b = params[-1]
    logits = np.einsum("ni,oi->no", h, W) + b
    expo = np.exp(logits - logits.max(1, keepdims=True))
    p = expo / expo.sum(1, keepdims=True)
    d = p - y
    result = []
    for i in range(len(params) - 1, -1, -1):
        gW = np.einsum("no,ni->oi", d, post[i])
        gb = np.einsum("no->o", d)
        result.append((gW, gb))
        if i:
            d = np.einsum("no,oi->ni", d, params[i][0]) * softplus_slope(pre[i - 1])
    return result[::-1]
