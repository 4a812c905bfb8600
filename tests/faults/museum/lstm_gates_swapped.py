"""LSTM in PyTorch's layout: one product for all gates, in the order i, f, g, o. Samples are rows."""

import numpy as np


def sigmoid(x):
    return 0.5 * (1 + np.tanh(0.5 * x))


def lstm_forward(params, x, h0, c0):
    W_ih, W_hh, b = params
    N, T, D = x.shape
    H = h0.shape[1]
    hs, cache, h, c = np.zeros((N, T, H)), [], h0, c0
    for t in range(T):
        gates = x[:, t] @ W_ih.T + h @ W_hh.T + b
        i, f, g, o = np.split(gates, 4, axis=1)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        c_next = f * c + i * g
        h_next = o * np.tanh(c_next)
        cache.append((x[:, t], h, c, i, f, g, o, c_next))
        h, c = h_next, c_next
        hs[:, t] = h
    return hs, cache


def lstm_backward(params, dhs, cache):
    W_ih, W_hh, b = params
    dW_ih, dW_hh, db = np.zeros_like(W_ih), np.zeros_like(W_hh), np.zeros_like(b)
    dh_prev, dc_prev = np.zeros_like(dhs[:, 0]), np.zeros_like(dhs[:, 0])
    for t in range(len(cache) - 1, -1, -1):
        x, h, c, i, f, g, o, c_next = cache[t]
        dh = dhs[:, t] + dh_prev
        dc = dc_prev + dh * o * (1 - np.tanh(c_next) ** 2)
        di, df, dg, do = dc * g, dc * c, dc * i, dh * np.tanh(c_next)
        dgates = np.hstack([df * f * (1 - f), di * i * (1 - i), dg * (1 - g * g), do * o * (1 - o)])
        dW_ih += dgates.T @ x
        dW_hh += dgates.T @ h
        db += dgates.sum(axis=0)
        dh_prev = dgates @ W_hh
        dc_prev = dc * f
    return dW_ih, dW_hh, db


if __name__ == "__main__":
    rng = np.random.default_rng(3)
    N, T, D, H = 3, 4, 2, 5
    params = [rng.normal(0, 0.6, (4 * H, D)), rng.normal(0, 0.4, (4 * H, H)), rng.normal(0, 0.2, 4 * H)]
    x, target = rng.normal(size=(N, T, D)), rng.normal(size=(N, T, H))
    h0, c0 = rng.normal(size=(N, H)), rng.normal(size=(N, H))
    for _ in range(3):
        hs, cache = lstm_forward(params, x, h0, c0)
        loss = 0.5 * np.sum((hs - target) ** 2)
        print(loss)
        for p, g in zip(params, lstm_backward(params, hs - target, cache)):
            p -= 0.05 * g
