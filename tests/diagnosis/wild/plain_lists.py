def matmul(A, B):
    return [[sum(a * b for a, b in zip(row, col)) for col in zip(*B)] for row in A]


def transpose(A):
    return [list(row) for row in zip(*A)]


def relu(x):
    return x if x > 0 else 0


def sigmoid(x):
    return 1 / (1 + 2.718281828459045 ** -x)


def forward_prop(X, weights):
    W1, b1, W2, b2 = weights["W1"], weights["b1"], weights["W2"], weights["b2"]
    Z1 = [[z + b for z, b in zip(row, b1)] for row in matmul(X, W1)]
    A1 = [[relu(z) for z in row] for row in Z1]
    Z2 = [[z + b for z, b in zip(row, b2)] for row in matmul(A1, W2)]
    A2 = [[sigmoid(z) for z in row] for row in Z2]
    return Z1, A1, Z2, A2


def back_prop(X, Y, Z1, A1, Z2, A2, weights, learning_rate):
    W1, b1, W2, b2 = weights["W1"], weights["b1"], weights["W2"], weights["b2"]
    n = len(X)
    dZ2 = [[(a - y) / n for a, y in zip(ra, ry)] for ra, ry in zip(A2, Y)]
    dW2 = matmul(transpose(A1), dZ2)
    db2 = [sum(col) for col in zip(*dZ2)]
    dA1 = matmul(dZ2, transpose(W2))
    dZ1 = [[d * (1 if z > 0 else 0) for d, z in zip(rd, rz)] for rd, rz in zip(dA1, Z1)]
    dW1 = matmul(transpose(X), dZ1)
    db1 = [sum(col) for col in zip(*dZ1)]
    for W, dW in ((W1, dW1), (W2, dW2)):
        for i in range(len(W)):
            for j in range(len(W[0])):
                W[i][j] -= learning_rate * dW[i][j]
    for b, db in ((b1, db1), (b2, db2)):
        for j in range(len(b)):
            b[j] -= learning_rate * db[j]
    return weights
