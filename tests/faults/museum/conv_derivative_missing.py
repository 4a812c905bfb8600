"""Convolution by im2col, ReLU, fully connected layer, softmax cross-entropy."""

import numpy as np


def im2col(x, kh, kw):
    n, c, h, w = x.shape
    oh, ow = h - kh + 1, w - kw + 1
    col = np.zeros((n, c, kh, kw, oh, ow))
    for i in range(kh):
        for j in range(kw):
            col[:, :, i, j] = x[:, :, i : i + oh, j : j + ow]
    return col.transpose(0, 4, 5, 1, 2, 3).reshape(n * oh * ow, -1)


class SimpleConvNet:
    def __init__(self):
        rng = np.random.RandomState(70)
        self.params = {}
        self.params["W1"] = 0.5 * rng.randn(3, 1, 2, 2)
        self.params["b1"] = 0.2 * rng.randn(3)
        self.params["W2"] = 0.5 * rng.randn(3 * 4 * 3, 2)
        self.params["b2"] = 0.2 * rng.randn(2)

    def predict(self, x):
        self.col = im2col(x, 2, 2)
        out = self.col @ self.params["W1"].reshape(3, -1).T + self.params["b1"]
        self.conv = out.reshape(len(x), 4, 3, 3).transpose(0, 3, 1, 2)
        self.relu = np.maximum(self.conv, 0)
        self.flat = self.relu.reshape(len(x), -1)
        return self.flat @ self.params["W2"] + self.params["b2"]

    def loss(self, x, t):
        y = self.predict(x)
        y = np.exp(y - y.max(axis=1, keepdims=True))
        self.p = y / y.sum(axis=1, keepdims=True)
        return -np.sum(np.log(self.p[np.arange(len(t)), t])) / len(t)

    def gradient(self, x, t):
        self.loss(x, t)
        dout = self.p.copy()
        dout[np.arange(len(t)), t] -= 1
        dout = dout / len(t)
        grads = {}
        grads["W2"] = self.flat.T @ dout
        grads["b2"] = dout.sum(axis=0)
        dout = (dout @ self.params["W2"].T).reshape(self.relu.shape)
        dout = dout.transpose(0, 2, 3, 1).reshape(-1, 3)
        grads["W1"] = (self.col.T @ dout).T.reshape(3, 1, 2, 2)
        grads["b1"] = dout.sum(axis=0)
        return grads


if __name__ == "__main__":
    rng = np.random.RandomState(1)
    x, t = rng.randn(5, 1, 5, 4), rng.randint(0, 2, 5)
    network = SimpleConvNet()
    for i in range(3):
        grads = network.gradient(x, t)
        print(network.loss(x, t))
        for key in grads:
            network.params[key] -= 0.1 * grads[key]
