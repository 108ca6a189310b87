import csv
import random
import numpy as np

random.seed(1)
with open("iris.csv") as handle:
    rows = list(csv.reader(handle))[1:]
random.shuffle(rows)
names = sorted({row[-1] for row in rows})
data = np.array([[float(v) for v in row[:4]] for row in rows])
labels = np.array([names.index(row[-1]) for row in rows])
target = np.eye(len(names))[labels]

V = np.random.uniform(-0.5, 0.5, (4, 6))
v0 = np.zeros(6)
U = np.random.uniform(-0.5, 0.5, (6, len(names)))
u0 = np.zeros(len(names))
rate = 0.1

for epoch in range(300):
    H = 1 / (1 + np.exp(-(data.dot(V) + v0)))
    O = np.exp(H.dot(U) + u0)
    O = O / O.sum(axis=1)[:, None]
    loss = -(target * np.log(O)).sum(axis=1).mean()
    dO = (O - target) / len(data)
    dH = dO.dot(U.T) * H * (1 - H)
    U -= rate * H.T.dot(dO)
    u0 -= rate * dO.sum(axis=0)
    V -= rate * data.T.dot(dH)
    v0 -= rate * dH.sum(axis=0)
    if epoch % 50 == 0:
        print(epoch, loss)
