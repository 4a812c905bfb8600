"""An RNN that is trained while the error travels back."""

import numpy as np


class OnlineRNN:
    def __init__(self, inputs, units, rate=0.3):
        rng = np.random.default_rng(45)
        self.rate = rate
        self.U = rng.normal(size=(units, inputs)) * 0.6
        self.W = rng.normal(size=(units, units)) * 0.5
        self.v = rng.normal(size=units) * 0.6

    def forward(self, x):
        self.x = x
        self.h = np.zeros((len(x) + 1, len(self.v)))
        for t in range(len(x)):
            self.h[t + 1] = np.tanh(self.U @ x[t] + self.W @ self.h[t])
        return self.v @ self.h[-1]

    def loss(self, x, target):
        return 0.5 * (self.forward(x) - target) ** 2

    def learn(self, x, target):
        err = self.forward(x) - target
        dU, dW = np.zeros_like(self.U), np.zeros_like(self.W)
        dv = err * self.h[-1]
        self.v -= self.rate * dv
        delta = err * self.v * (1 - self.h[-1] ** 2)
        for t in range(len(x) - 1, -1, -1):
            dU += np.outer(delta, self.x[t])
            dW += np.outer(delta, self.h[t])
            delta = (self.W.T @ delta) * (1 - self.h[t] ** 2)
        self.U -= self.rate * dU
        self.W -= self.rate * dW
        return dU, dW, dv


if __name__ == "__main__":
    rng = np.random.default_rng(1)
    net = OnlineRNN(2, 5)
    x, target = rng.normal(size=(4, 2)), 0.7
    for step in range(4):
        print(net.loss(x, target))
        net.learn(x, target)
