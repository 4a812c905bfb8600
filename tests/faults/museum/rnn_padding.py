"""Batches of sequences of different length, padded at the end: (time, batch, features), mask (time, batch, 1)."""

from dataclasses import dataclass

import numpy as np


@dataclass
class Model:
    Wx: np.ndarray
    Wh: np.ndarray
    bh: np.ndarray
    Wo: np.ndarray


def make(rng, d=2, h=4, o=3):
    Wx, Wh, bh = 0.6 * rng.normal(size=(d, h)), 0.5 * rng.normal(size=(h, h)), 0.1 * rng.normal(size=h)
    return Model(Wx, Wh, bh, rng.normal(size=(h, o)))


def forward(m, X, mask):
    T, B, _ = X.shape
    H = np.zeros((T + 1, B, len(m.bh)))
    for t in range(T):
        H[t + 1] = np.tanh(X[t] @ m.Wx + H[t] @ m.Wh + m.bh)
    return H, H[1:] @ m.Wo


def loss_fn(m, X, Y, mask):
    _, O = forward(m, X, mask)
    return 0.5 * np.sum(mask * (O - Y) ** 2) / mask.sum()


def backward(m, X, Y, mask):
    H, O = forward(m, X, mask)
    dO = (O - Y) / mask.sum()
    dWx, dWh, dbh, dWo = np.zeros_like(m.Wx), np.zeros_like(m.Wh), np.zeros_like(m.bh), np.zeros_like(m.Wo)
    dH = np.zeros_like(H[0])
    for t in reversed(range(len(X))):
        dWo += H[t + 1].T @ dO[t]
        dA = (dO[t] @ m.Wo.T + dH) * (1 - H[t + 1] ** 2)
        dWx += X[t].T @ dA
        dWh += H[t].T @ dA
        dbh += dA.sum(axis=0)
        dH = dA @ m.Wh.T
    return Model(dWx, dWh, dbh, dWo)


if __name__ == "__main__":
    rng = np.random.default_rng(21)
    m = make(rng)
    lengths = np.array([5, 2, 4])
    mask = (np.arange(5)[:, None] < lengths)[:, :, None].astype(float)
    X, Y = rng.normal(size=(5, 3, 2)), rng.normal(size=(5, 3, 3))
    for step in range(3):
        print(step, loss_fn(m, X, Y, mask))
        g = backward(m, X, Y, mask)
        m = Model(m.Wx - 0.1 * g.Wx, m.Wh - 0.1 * g.Wh, m.bh - 0.1 * g.bh, m.Wo - 0.1 * g.Wo)
