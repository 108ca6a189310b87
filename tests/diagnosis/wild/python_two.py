import numpy as np


class MLP(object):
    def __init__(self, ni, nh, no):
        self.wi = np.random.uniform(-0.5, 0.5, (ni, nh))
        self.wo = np.random.uniform(-0.5, 0.5, (nh, no))
        self.bi = np.zeros(nh)
        self.bo = np.zeros(no)

    def forward(self, inputs):
        self.ai = inputs
        self.ah = np.tanh(np.dot(self.ai, self.wi) + self.bi)
        self.ao = np.tanh(np.dot(self.ah, self.wo) + self.bo)
        return self.ao

    def backPropagate(self, targets, rate):
        output_deltas = (targets - self.ao) * (1.0 - self.ao ** 2)
        hidden_deltas = np.dot(output_deltas, self.wo.T) * (1.0 - self.ah ** 2)
        self.wo += rate * np.dot(self.ah.T, output_deltas)
        self.bo += rate * output_deltas.sum(axis=0)
        self.wi += rate * np.dot(self.ai.T, hidden_deltas)
        self.bi += rate * hidden_deltas.sum(axis=0)
        return 0.5 * np.sum((targets - self.ao) ** 2)

    def train(self, inputs, targets, iterations=1000, rate=0.1):
        for i in xrange(iterations):
            self.forward(inputs)
            error = self.backPropagate(targets, rate)
            if i % 100 == 0:
                print 'error %-14f' % error


if __name__ == '__main__':
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    t = np.array([[0], [1], [1], [0]])
    n = MLP(2, 3, 1)
    n.train(x, t)
    print n.forward(x)
