"""Convolution as a matrix product over patches; the read-out is a weight per position and filter."""

import numpy as np


def patches(x, s):
    n, c, h, w = x.shape
    rows = []
    for i in range(h - s + 1):
        for j in range(w - s + 1):
            rows.append(x[:, :, i : i + s, j : j + s].reshape(n, -1))
    return np.stack(rows, axis=1)  # sample, position, patch


class PatchNet:
    def __init__(self, rng, channels=2, size=2, filters=3, positions=20):
        self.F = rng.normal(size=(filters, channels * size * size)) * 0.6
        self.f = rng.normal(size=filters) * 0.3
        self.R = rng.normal(size=(filters * positions,)) * 0.4

    def loss(self, x, t):
        self.P = patches(x, 2)
        self.A = np.tanh(self.P @ self.F.T + self.f)  # sample, position, filter
        self.flat = self.A.transpose(0, 2, 1).reshape(len(x), -1)
        self.err = self.flat @ self.R - t
        return 0.5 * (self.err**2).sum()

    def backward(self):
        R_grad = self.err @ self.flat
        dflat = np.outer(self.err, self.R)
        dA = dflat.reshape(self.A.shape)
        dZ = dA * (1 - self.A**2)
        F_grad = np.tensordot(dZ, self.P, axes=([0, 1], [0, 1]))
        f_grad = dZ.sum(axis=(0, 1))
        return [F_grad, f_grad, R_grad]


if __name__ == "__main__":
    rng = np.random.default_rng(7)
    net = PatchNet(rng)
    x, t = rng.normal(size=(7, 2, 5, 6)), rng.normal(size=7)
    for step in range(3):
        print(net.loss(x, t))
        F_grad, f_grad, R_grad = net.backward()
        net.F -= 0.01 * F_grad
        net.f -= 0.01 * f_grad
        net.R -= 0.01 * R_grad
