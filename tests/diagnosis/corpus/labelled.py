"""Softmax regression's bigger sister, with the data beside it."""
import numpy as np

rng = np.random.default_rng(4)
X_train = rng.normal(size=(60, 3))
y_train = rng.integers(0, 4, size=60)
n_classes = 4


def one_hot(y, n_classes=4):
    out = np.zeros((len(y), n_classes))
    out[np.arange(len(y)), y] = 1
    return out


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def forward(params, X):
    hidden = np.tanh(X @ params["W1"] + params["b1"])
    return hidden, softmax(hidden @ params["W2"] + params["b2"])


def accuracy(probs, y_true):
    return np.mean(np.argmax(probs, axis=1) == np.argmax(y_true, axis=1))


def backward(params, X, Y):
    hidden, probs = forward(params, X)
    d2 = (probs - Y) / len(X)
    d1 = d2 @ params["W2"].T * (1 - hidden ** 2)
    return {"W1": X.T @ d1, "b1": d1.sum(axis=0), "W2": hidden.T @ d2, "b2": d2.sum(axis=0)}


def train(params, epochs=100, learning_rate=0.5):
    Y = one_hot(y_train)
    for epoch in range(epochs):
        grads = backward(params, X_train, Y)
        for name in params:
            params[name] -= learning_rate * grads[name]
        if epoch % 10 == 0:
            print(epoch, accuracy(forward(params, X_train)[1], Y))
    return params
