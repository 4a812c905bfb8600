"""Two 3x3 convolutions with zero padding; both see images of the same size."""

import numpy as np

rng = np.random.default_rng(112)
x = rng.normal(size=(3, 5, 7))
k1, k2 = rng.normal(size=(3, 3)) * 0.4, rng.normal(size=(3, 3)) * 0.4
t = rng.normal(size=(3, 5, 7))


def same(x, k):
    p = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    return sum(k[u, v] * p[:, u : u + x.shape[1], v : v + x.shape[2]] for u in range(3) for v in range(3))


def kernel_grad(x, d):
    p = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    return np.array([[np.sum(d * p[:, u : u + x.shape[1], v : v + x.shape[2]]) for v in range(3)] for u in range(3)])


def forward(x, k1, k2):
    a = np.tanh(same(x, k1))
    return a, np.tanh(same(a, k2))


def loss(x, k1, k2, t):
    return np.sum((forward(x, k1, k2)[1] - t) ** 2) / 2


def backward(x, k1, k2, t):
    a, b = forward(x, k1, k2)
    delta2 = (b - t) * (1 - b**2)
    dk2 = kernel_grad(x, delta2)
    delta1 = same(delta2, k2[::-1, ::-1]) * (1 - a**2)
    dk1 = kernel_grad(x, delta1)
    return dk1, dk2


if __name__ == "__main__":
    for i in range(3):
        dk1, dk2 = backward(x, k1, k2, t)
        k1, k2 = k1 - 0.01 * dk1, k2 - 0.01 * dk2
        print(loss(x, k1, k2, t))
