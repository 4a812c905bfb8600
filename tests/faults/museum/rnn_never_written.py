"""RNN with a learned initial state."""

import numpy as np

np.random.seed(58)
p = {
    "U": np.random.randn(5, 2) * 0.5,
    "W": np.random.randn(5, 5) * 0.4,
    "V": np.random.randn(3, 5) * 0.5,
    "h0": np.random.randn(5) * 0.3,
}
xs = np.random.randn(4, 2)
ys = np.random.randn(4, 3)


def forward(p, xs):
    h = [p["h0"]]
    for x in xs:
        h.append(np.tanh(p["U"] @ x + p["W"] @ h[-1]))
    return h


def loss(p, xs, ys):
    h = forward(p, xs)
    return sum(np.sum((p["V"] @ h[t + 1] - ys[t]) ** 2) for t in range(len(xs))) / 2


def backward(p, xs, ys):
    h = forward(p, xs)
    g = {k: np.zeros_like(v) for k, v in p.items()}
    dh = np.zeros_like(p["h0"])
    for t in range(len(xs) - 1, -1, -1):
        dy = p["V"] @ h[t + 1] - ys[t]
        g["V"] += np.outer(dy, h[t + 1])
        da = (p["V"].T @ dy + dh) * (1 - h[t + 1] ** 2)
        g["U"] += np.outer(da, xs[t])
        g["W"] += np.outer(da, h[t])
        dh = p["W"].T @ da
    return g


for step in range(3):
    g = backward(p, xs, ys)
    p = {k: p[k] - 0.05 * g[k] for k in p}
    print(loss(p, xs, ys))
