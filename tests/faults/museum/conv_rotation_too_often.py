"""Single-channel convolution network with a linear read-out; names as in the chain rule."""

import numpy as np


def correlate2d(x, k):
    """'valid' cross-correlation"""
    windows = np.lib.stride_tricks.sliding_window_view(x, k.shape)
    return np.einsum("ijuv,uv->ij", windows, k)


class ConvNet:
    def __init__(self, rng):
        self.K = rng.normal(size=(3, 2))
        self.b = rng.normal(size=())
        self.W = rng.normal(size=(2, 15)) * 0.5

    def forward(self, x):
        self.x = x
        self.z = correlate2d(x, self.K) + self.b
        self.a = np.tanh(self.z)
        return self.W @ self.a.ravel()

    def backward(self, dL_dy):
        dL_dW = np.outer(dL_dy, self.a.ravel())
        dL_da = (self.W.T @ dL_dy).reshape(self.a.shape)
        dL_dz = dL_da * (1 - self.a**2)
        dL_dK = correlate2d(self.x, np.rot90(dL_dz, 2))
        dL_db = dL_dz.sum()
        return dL_dK, dL_db, dL_dW


if __name__ == "__main__":
    rng = np.random.default_rng(6)
    net = ConvNet(rng)
    x, t = rng.normal(size=(7, 4)), rng.normal(size=2)
    for i in range(3):
        y = net.forward(x)
        dL_dK, dL_db, dL_dW = net.backward(y - t)
        print("loss", 0.5 * np.sum((y - t) ** 2))
        net.K = net.K - 0.05 * dL_dK
        net.b = net.b - 0.05 * dL_db
        net.W = net.W - 0.05 * dL_dW
