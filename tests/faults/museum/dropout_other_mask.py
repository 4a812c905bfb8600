"""A dropout layer as a class with its own random generator, between two dense layers; rows are samples."""

import numpy as np


class Dropout:
    def __init__(self, rate, seed):
        self.rate, self.rng = rate, np.random.default_rng(seed)

    def draw(self, shape):
        return (self.rng.random(shape) >= self.rate) / (1 - self.rate)

    def forward(self, x):
        self.mask = self.draw(x.shape)
        return x * self.mask

    def backward(self, dy):
        return dy * self.draw(dy.shape)


class Net:
    def __init__(self):
        r = np.random.default_rng(1)
        self.W1, self.W2 = r.normal(size=(3, 8)), r.normal(size=(8, 2))
        self.drop = Dropout(0.4, seed=2)

    def forward(self, X):
        self.X = X
        self.H = np.tanh(X @ self.W1)
        self.D = self.drop.forward(self.H)
        return self.D @ self.W2

    def backward(self, dY):
        self.dW2 = self.D.T @ dY
        dH = self.drop.backward(dY @ self.W2.T)
        self.dW1 = self.X.T @ (dH * (1 - self.H**2))


if __name__ == "__main__":
    r = np.random.default_rng(0)
    X, T = r.normal(size=(6, 3)), r.normal(size=(6, 2))
    net = Net()
    for step in range(3):
        Y = net.forward(X)
        print(step, 0.5 * np.sum((Y - T) ** 2))
        net.backward(Y - T)
        net.W1 -= 0.05 * net.dW1
        net.W2 -= 0.05 * net.dW2
