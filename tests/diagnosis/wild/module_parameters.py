import numpy as np


class Parameter:
    def __init__(self, data):
        self.data = data
        self.grad = np.zeros_like(data)


class Module:
    def parameters(self):
        return []

    def zero_grad(self):
        for p in self.parameters():
            p.grad.fill(0)

    def __call__(self, x):
        return self.forward(x)


class Linear(Module):
    def __init__(self, n_in, n_out):
        self.W = Parameter(np.random.randn(n_in, n_out) * 0.3)
        self.b = Parameter(np.zeros(n_out))

    def parameters(self):
        return [self.W, self.b]

    def forward(self, x):
        self.cache = x
        return x @ self.W.data + self.b.data

    def backward(self, grad):
        self.W.grad += self.cache.T @ grad
        self.b.grad += grad.sum(axis=0)
        return grad @ self.W.data.T


class LeakyReLU(Module):
    def __init__(self, alpha=0.1):
        self.alpha = alpha

    def forward(self, x):
        self.cache = x
        return np.where(x > 0, x, self.alpha * x)

    def backward(self, grad):
        return grad * np.where(self.cache > 0, 1, self.alpha)


class Sequential(Module):
    def __init__(self, *modules):
        self.modules = modules

    def parameters(self):
        return [p for module in self.modules for p in module.parameters()]

    def forward(self, x):
        for module in self.modules:
            x = module(x)
        return x

    def backward(self, grad):
        for module in reversed(self.modules):
            grad = module.backward(grad)
        return grad


class MSELoss:
    def __call__(self, pred, target):
        self.diff = pred - target
        return np.mean(self.diff ** 2)

    def backward(self):
        return 2 * self.diff / self.diff.size


class SGD:
    def __init__(self, parameters, lr):
        self.parameters = parameters
        self.lr = lr

    def step(self):
        for p in self.parameters:
            p.data -= self.lr * p.grad


model = Sequential(Linear(3, 7), LeakyReLU(), Linear(7, 2))
criterion = MSELoss()
optimizer = SGD(model.parameters(), lr=0.05)
inputs = np.random.randn(40, 3)
targets = np.stack([inputs.sum(axis=1), inputs[:, 0] * inputs[:, 1]], axis=1)
for epoch in range(200):
    loss = criterion(model(inputs), targets)
    model.zero_grad()
    model.backward(criterion.backward())
    optimizer.step()
    if epoch % 20 == 0:
        print(epoch, loss)
