"""Two 1-D convolutions, one channel; overlapping windows feed the gradient of the first layer."""

import numpy as np

rng = np.random.default_rng(90)
signals = rng.normal(size=(5, 11))
k1 = rng.normal(size=3)
k2 = rng.normal(size=2)
wanted = rng.normal(size=(5, 8))


def conv(x, k):
    n = x.shape[1] - len(k) + 1
    return np.array([x[:, i : i + len(k)] @ k for i in range(n)]).T


def f(k1, k2):
    return conv(np.tanh(conv(signals, k1)), k2)


def loss(k1, k2):
    return 0.5 * np.sum((f(k1, k2) - wanted) ** 2)


def grads(k1, k2):
    h = np.tanh(conv(signals, k1))
    d2 = conv(h, k2) - wanted
    g2 = np.zeros_like(k2)
    dh = np.zeros_like(h)
    for i in range(d2.shape[1]):
        g2 += d2[:, i] @ h[:, i : i + len(k2)]
        dh[:, i : i + len(k2)] = np.outer(d2[:, i], k2)
    d1 = dh * (1 - h**2)
    g1 = np.zeros_like(k1)
    for i in range(d1.shape[1]):
        g1 += d1[:, i] @ signals[:, i : i + len(k1)]
    return g1, g2


if __name__ == "__main__":
    for step in range(3):
        g1, g2 = grads(k1, k2)
        k1, k2 = k1 - 0.01 * g1, k2 - 0.01 * g2
        print(step, loss(k1, k2))
