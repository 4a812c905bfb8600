"""Vanilla RNN, vectorized over the batch; states in one preallocated array."""

import numpy as np

rng = np.random.default_rng(7)
T, B, D, H, O = 5, 3, 2, 7, 2
x = rng.normal(size=(T, B, D))
y = rng.normal(size=(T, B, O))
h0 = rng.normal(size=(B, H))
Wx = rng.normal(size=(D, H)) * 0.5
Wh = rng.normal(size=(H, H)) * 0.4
Wo = rng.normal(size=(H, O)) * 0.5
b = rng.normal(size=H) * 0.2


def forward(x, h0, Wx, Wh, Wo, b):
    h = np.zeros((len(x) + 1, *h0.shape))
    h[0] = h0
    for t in range(len(x)):
        h[t + 1] = np.tanh(x[t] @ Wx + h[t] @ Wh + b)
    return h, h[1:] @ Wo


def loss(x, y, h0, Wx, Wh, Wo, b):
    _, out = forward(x, h0, Wx, Wh, Wo, b)
    return 0.5 * np.sum((out - y) ** 2)


def backward(x, y, h0, Wx, Wh, Wo, b):
    h, out = forward(x, h0, Wx, Wh, Wo, b)
    dout = out - y
    dWo = np.einsum("tbh,tbo->ho", h[1:], dout)
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    dh_next = np.zeros_like(h0)
    for t in range(len(x) - 1, 0, -1):
        da = (dout[t] @ Wo.T + dh_next) * (1 - h[t + 1] ** 2)
        dWx += x[t].T @ da
        dWh += h[t].T @ da
        db += da.sum(axis=0)
        dh_next = da @ Wh.T
    return dWx, dWh, dWo, db


if __name__ == "__main__":
    for step in range(3):
        dWx, dWh, dWo, db = backward(x, y, h0, Wx, Wh, Wo, b)
        Wx, Wh, Wo, b = Wx - 0.02 * dWx, Wh - 0.02 * dWh, Wo - 0.02 * dWo, b - 0.02 * db
        print(loss(x, y, h0, Wx, Wh, Wo, b))
