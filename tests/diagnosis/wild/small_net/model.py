from .layers import Linear, Tanh
from .losses import CrossEntropy


class Sequential:
    def __init__(self, sizes):
        self.layers = []
        for i, (n, m) in enumerate(zip(sizes, sizes[1:])):
            if i:
                self.layers.append(Tanh())
            self.layers.append(Linear(n, m))
        self.criterion = CrossEntropy()

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x

    def backward(self, x, target):
        loss = self.criterion(self(x), target)
        grad = self.criterion.backward()
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
        return loss

    def step(self, lr):
        for layer in self.layers:
            if isinstance(layer, Linear):
                layer.weight -= lr * layer.weight_grad
                layer.bias -= lr * layer.bias_grad
