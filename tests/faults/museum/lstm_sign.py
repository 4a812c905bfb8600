"""LSTM with coupled gates: what is forgotten makes room for what is new (i = 1 - f)."""

import numpy as np

rng = np.random.default_rng(3)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def init(D, H):
    return {k: rng.normal(size=(H, H + D)) * 0.6 for k in ("Wf", "Wo", "Wg")}


def forward(P, X, H):
    h, c = np.zeros(H), np.zeros(H)
    tape = []
    for x in X:
        z = np.concatenate((h, x))
        f, o, g = sigmoid(P["Wf"] @ z), sigmoid(P["Wo"] @ z), np.tanh(P["Wg"] @ z)
        c_prev = c
        c = f * c_prev + (1 - f) * g
        h = o * np.tanh(c)
        tape.append((z, f, o, g, c_prev, c))
    return h, tape


def loss(P, X, y):
    h, _ = forward(P, X, len(y))
    return 0.5 * np.sum((h - y) ** 2)


def backward(P, X, y):
    h, tape = forward(P, X, len(y))
    dP = {k: np.zeros_like(W) for k, W in P.items()}
    dh, dc = h - y, np.zeros(len(y))
    while tape:
        z, f, o, g, c_prev, c = tape.pop()
        dc = dc + dh * o * (1 - np.tanh(c) ** 2)
        df = dc * (c_prev + g) * f * (1 - f)
        do = dh * np.tanh(c) * o * (1 - o)
        dg = dc * (1 - f) * (1 - g**2)
        dP["Wf"] += np.outer(df, z)
        dP["Wo"] += np.outer(do, z)
        dP["Wg"] += np.outer(dg, z)
        dz = P["Wf"].T @ df + P["Wo"].T @ do + P["Wg"].T @ dg
        dh, dc = dz[: len(y)], dc * f
    return dP


if __name__ == "__main__":
    P, X, y = init(2, 5), rng.normal(size=(4, 2)), rng.normal(size=5)
    for step in range(3):
        print(loss(P, X, y))
        dP = backward(P, X, y)
        for k in P:
            P[k] -= 0.2 * dP[k]
