"""Two recurrent layers on top of each other, of the same width."""

import numpy as np


class StackedRNN:
    def __init__(self, d, h, o):
        rng = np.random.RandomState(77)
        self.U1, self.W1 = rng.randn(h, d) * 0.5, rng.randn(h, h) * 0.4
        self.U2, self.W2 = rng.randn(h, h) * 0.5, rng.randn(h, h) * 0.4
        self.V = rng.randn(o, h) * 0.5

    def forward(self, xs):
        n = self.W1.shape[0]
        self.xs, self.h1, self.h2 = xs, [np.zeros(n)], [np.zeros(n)]
        for x in xs:
            self.h1.append(np.tanh(self.U1 @ x + self.W1 @ self.h1[-1]))
            self.h2.append(np.tanh(self.U2 @ self.h1[-1] + self.W2 @ self.h2[-1]))
        self.y = self.V @ self.h2[-1]
        return self.y

    def loss(self, xs, t):
        return 0.5 * np.sum((self.forward(xs) - t) ** 2)

    def backward(self, t):
        g = {k: np.zeros_like(getattr(self, k)) for k in ("U1", "W1", "U2", "W2", "V")}
        e = self.y - t
        g["V"] = np.outer(e, self.h2[-1])
        n1 = np.zeros(len(self.h1[0]))
        n2 = self.V.T @ e
        for k in range(len(self.xs) - 1, -1, -1):
            a2 = n2 * (1 - self.h2[k + 1] ** 2)
            g["U2"] += np.outer(a2, self.h1[k + 1])
            g["W2"] += np.outer(a2, self.h2[k])
            a1 = (self.W2.T @ a2 + n1) * (1 - self.h1[k + 1] ** 2)
            g["U1"] += np.outer(a1, self.xs[k])
            g["W1"] += np.outer(a1, self.h1[k])
            n2 = self.W2.T @ a2
            n1 = self.W1.T @ a1
        return g


if __name__ == "__main__":
    rng = np.random.RandomState(0)
    net = StackedRNN(2, 5, 3)
    xs, t = rng.randn(4, 2), rng.randn(3)
    for i in range(3):
        print(net.loss(xs, t))
        for k, grad in net.backward(t).items():
            setattr(net, k, getattr(net, k) - 0.1 * grad)
