"""One peephole LSTM layer: the output gate sees the new cell state."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def peephole_forward(x, W, p):
    """x: time, input; W: 4 hidden, hidden + input (i, f, g, o); p: hidden."""
    n = len(p)
    h, c = np.zeros(n), np.zeros(n)
    caches = []
    for t in range(len(x)):
        z = np.concatenate([h, x[t]])
        a = W @ z
        i, f, g = sigmoid(a[:n]), sigmoid(a[n : 2 * n]), np.tanh(a[2 * n : 3 * n])
        c_prev, c = c, f * c + i * g
        o = sigmoid(a[3 * n :] + p * c)
        h = o * np.tanh(c)
        caches.append((z, i, f, g, o, c_prev, c))
    return h, caches


def peephole_backward(dh, caches, W, p):
    n = len(p)
    dW, dp, dc = np.zeros_like(W), np.zeros_like(p), np.zeros(n)
    for z, i, f, g, o, c_prev, c in reversed(caches):
        do = dh * np.tanh(c) * o * (1 - o)
        dp += do * c
        dc = dc + dh * o * (1 - np.tanh(c) ** 2)
        di = dc * g * i * (1 - i)
        df = dc * c_prev * f * (1 - f)
        dg = dc * i * (1 - g**2)
        da = np.concatenate([di, df, dg, do])
        dW += np.outer(da, z)
        dh = (W.T @ da)[:n]
        dc = dc * f
    return dW, dp


def objective(x, W, p, weights):
    return np.dot(peephole_forward(x, W, p)[0], weights)


if __name__ == "__main__":
    rng = np.random.default_rng(53)
    x, W, p = rng.normal(size=(4, 2)), rng.normal(size=(20, 7)) * 0.5, rng.normal(size=5)
    weights = rng.normal(size=5)
    h, caches = peephole_forward(x, W, p)
    dW, dp = peephole_backward(weights, caches, W, p)
    print(objective(x, W, p, weights), np.linalg.norm(dW), dp)
