import numpy as np

rng = np.random.default_rng(19)


def σ(z):
    return 1 / (1 + np.exp(-z))


class Net:
    def __init__(self):
        self.W1, self.b1 = rng.normal(size=(5, 2)), rng.normal(size=(5, 1))
        self.W2, self.b2 = rng.normal(size=(3, 5)), rng.normal(size=(3, 1))

    def forward(self, x):
        self.x = x
        self.z1 = self.W1 @ x + self.b1
        self.a1 = σ(self.z1)
        self.z2 = self.W2 @ self.a1 + self.b2
        self.a2 = σ(self.z2)
        return self.a2

    def cost(self, x, y):
        return 0.5 * np.sum((self.forward(x) - y) ** 2)

    def backward(self, y):
        δ2 = (self.a2 - y) * σ(self.z2) * (1 - σ(self.z2))
        self.dW2 = δ2 @ self.a1.T
        self.db2 = np.sum(δ2, axis=1, keepdims=True)
        δ1 = self.W2.T @ δ2 + σ(self.z1) * (1 - σ(self.z1))
        self.dW1 = δ1 @ self.x.T
        self.db1 = np.sum(δ1, axis=1, keepdims=True)


net = Net()
x, y = rng.normal(size=(2, 7)), rng.uniform(size=(3, 7))
for epoch in range(3):
    print(net.cost(x, y))
    net.backward(y)
    net.W1 -= 0.1 * net.dW1
    net.b1 -= 0.1 * net.db1
    net.W2 -= 0.1 * net.dW2
    net.b2 -= 0.1 * net.db2
