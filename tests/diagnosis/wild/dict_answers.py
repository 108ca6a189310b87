import numpy as np


def make(sizes):
    rng = np.random.default_rng(0)
    return {
        "hidden": {"w": rng.normal(size=(sizes[1], sizes[0])), "b": rng.normal(size=(sizes[1], 1))},
        "output": {"w": rng.normal(size=(sizes[2], sizes[1])), "b": rng.normal(size=(sizes[2], 1))},
    }


def forward(net, x):
    h_in = net["hidden"]["w"] @ x + net["hidden"]["b"]
    h_out = 1 / (1 + np.exp(-h_in))
    o_in = net["output"]["w"] @ h_out + net["output"]["b"]
    return {"x": x, "h_in": h_in, "h_out": h_out, "o_in": o_in, "o_out": o_in}


def loss(net, x, target):
    return 0.5 * np.mean(np.sum((forward(net, x)["o_out"] - target) ** 2, axis=0))


def backprop(net, x, target):
    state = forward(net, x)
    n = x.shape[1]
    d_out = (state["o_out"] - target) / n
    d_hid = net["output"]["w"].T @ d_out * state["h_out"] * (1 - state["h_out"])
    return {
        "hidden": {"w": d_hid @ state["x"].T, "b": d_hid.sum(axis=1, keepdims=True)},
        "output": {"w": d_out @ state["h_out"].T, "b": d_out.sum(axis=1, keepdims=True)},
    }
