"""Layers with forward and backward, put into a list."""

import numpy as np

rng = np.random.default_rng(23)


class Affine:
    def __init__(self, n_in, n_out):
        self.W = rng.normal(size=(n_out, n_in)) * 0.8
        self.b = rng.normal(size=(n_out, 1)) * 0.3

    def forward(self, x):
        self.x = x
        return self.W @ x + self.b

    def backward(self, dout):
        self.dW = dout @ self.x.T
        self.db = dout.sum(axis=1, keepdims=True)
        return self.W.T @ dout


class Sigmoid:
    def forward(self, x):
        self.out = 1 / (1 + np.exp(-x))
        return self.out

    def backward(self, dout):
        return self.out * (1 - self.out)


class SquaredError:
    def forward(self, y, t):
        self.d = y - t
        return np.sum(self.d**2) / 2

    def backward(self):
        return self.d


layers = [Affine(3, 5), Sigmoid(), Affine(5, 2)]
criterion = SquaredError()


def loss(x, t):
    for layer in layers:
        x = layer.forward(x)
    return criterion.forward(x, t)


def backward():
    dout = criterion.backward()
    for layer in layers[::-1]:
        dout = layer.backward(dout)


if __name__ == "__main__":
    x, t = rng.normal(size=(3, 7)), rng.normal(size=(2, 7))
    for i in range(3):
        print(loss(x, t))
        backward()
        for layer in (layers[0], layers[2]):
            layer.W -= 0.05 * layer.dW
            layer.b -= 0.05 * layer.db
