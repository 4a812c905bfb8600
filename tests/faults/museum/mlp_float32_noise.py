"""Everything in single precision, as on the device this will run on."""

import numpy as np

rng = np.random.default_rng(33)
W1 = rng.normal(size=(5, 3)).astype(np.float32)
b1 = rng.normal(size=(5, 1)).astype(np.float32)
W2 = rng.normal(size=(2, 5)).astype(np.float32)
b2 = rng.normal(size=(2, 1)).astype(np.float32)
x = rng.normal(size=(3, 7)).astype(np.float32)
t = rng.normal(size=(2, 7)).astype(np.float32)


def forward(W1, b1, W2, b2, x):
    h = np.tanh(W1 @ x + b1)
    return h, W2 @ h + b2


def loss(W1, b1, W2, b2, x, t):
    _, y = forward(W1, b1, W2, b2, x)
    return np.sum((y - t) ** 2) / 2


def backward(W1, b1, W2, b2, x, t):
    h, y = forward(W1, b1, W2, b2, x)
    dy = y - t
    dh = W2.T @ dy * (1 - h * h)
    return dh @ x.T, dh.sum(axis=1, keepdims=True), dy @ h.T, dy.sum(axis=1, keepdims=True)


if __name__ == "__main__":
    dW1, db1, dW2, db2 = backward(W1, b1, W2, b2, x, t)
    eps = np.float32(1e-4)
    for i in range(3):
        W1[0, i] += eps
        up = loss(W1, b1, W2, b2, x, t)
        W1[0, i] -= 2 * eps
        down = loss(W1, b1, W2, b2, x, t)
        W1[0, i] += eps
        print("analytic", dW1[0, i], "numerical", (up - down) / (2 * eps))
