"""One RNN layer: forward gives a cache, backward takes it."""

import numpy as np


def rnn_forward(x, h0, Wx, Wh, b):
    h = np.empty((len(x), *h0.shape))
    prev = h0
    for t in range(len(x)):
        prev = h[t] = np.tanh(x[t] @ Wx + prev @ Wh + b)
    return h, (x, h0, Wx, Wh, h)


def rnn_backward(dh, cache):
    x, h0, Wx, Wh, h = cache
    dx = np.empty_like(x)
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros(Wh.shape[1])
    for t in range(len(x) - 1, -1, -1):
        da = dh[t] * (1 - h[t] ** 2)
        dx[t] = da @ Wx.T
        dWx += x[t].T @ da
        dWh += (h[t - 1] if t else h0).T @ da
        db += da.sum(axis=0)
        dprev = da @ Wh.T
        if t:
            dh[t - 1] += dprev
    dh0 = dprev
    return dx, dh0, dWx, dWh, db


if __name__ == "__main__":
    rng = np.random.default_rng(88)
    x, h0 = rng.normal(size=(4, 3, 2)), rng.normal(size=(3, 5))
    Wx, Wh, b = rng.normal(size=(2, 5)), rng.normal(size=(5, 5)) * 0.5, rng.normal(size=5)
    dh = rng.normal(size=(4, 3, 5))
    h, cache = rnn_forward(x, h0, Wx, Wh, b)
    print("objective", np.sum(h * dh))
    dx, dh0, dWx, dWh, db = rnn_backward(dh, cache)
    print("norm of dWh", np.linalg.norm(dWh))
