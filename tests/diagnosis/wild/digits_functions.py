import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

data = pd.read_csv("../input/digit-recognizer/train.csv")
data = np.array(data)
m, n = data.shape
np.random.shuffle(data)

dev = data[0:1000].T
Y_dev = dev[0]
X_dev = dev[1:n] / 255.0
train = data[1000:m].T
Y_train = train[0]
X_train = train[1:n] / 255.0


def start():
    W1 = np.random.rand(10, 784) - 0.5
    b1 = np.random.rand(10, 1) - 0.5
    W2 = np.random.rand(10, 10) - 0.5
    b2 = np.random.rand(10, 1) - 0.5
    return W1, b1, W2, b2


def relu(Z):
    return np.maximum(Z, 0)


def softmax(Z):
    return np.exp(Z) / sum(np.exp(Z))


def forward(W1, b1, W2, b2, X):
    Z1 = W1.dot(X) + b1
    A1 = relu(Z1)
    Z2 = W2.dot(A1) + b2
    A2 = softmax(Z2)
    return Z1, A1, Z2, A2


def hot(Y):
    made = np.zeros((Y.size, Y.max() + 1))
    made[np.arange(Y.size), Y] = 1
    return made.T


def back(Z1, A1, Z2, A2, W1, W2, X, Y):
    count = Y.size
    dZ2 = A2 - hot(Y)
    dW2 = 1 / count * dZ2.dot(A1.T)
    db2 = 1 / count * np.sum(dZ2, axis=1, keepdims=True)
    dZ1 = W2.T.dot(dZ2) * (Z1 > 0)
    dW1 = 1 / count * dZ1.dot(X.T)
    db1 = 1 / count * np.sum(dZ1, axis=1, keepdims=True)
    return dW1, db1, dW2, db2


def update(W1, b1, W2, b2, dW1, db1, dW2, db2, alpha):
    W1 = W1 - alpha * dW1
    b1 = b1 - alpha * db1
    W2 = W2 - alpha * dW2
    b2 = b2 - alpha * db2
    return W1, b1, W2, b2


def descent(X, Y, alpha, iterations):
    W1, b1, W2, b2 = start()
    for i in range(iterations):
        Z1, A1, Z2, A2 = forward(W1, b1, W2, b2, X)
        dW1, db1, dW2, db2 = back(Z1, A1, Z2, A2, W1, W2, X, Y)
        W1, b1, W2, b2 = update(W1, b1, W2, b2, dW1, db1, dW2, db2, alpha)
        if i % 10 == 0:
            print("Iteration:", i, np.sum(np.argmax(A2, 0) == Y) / Y.size)
    return W1, b1, W2, b2


W1, b1, W2, b2 = descent(X_train, Y_train, 0.10, 500)
plt.imshow(X_train[:, 0].reshape((28, 28)) * 255)
plt.show()
