"""Logistic regression on top of a tanh layer, columns are samples."""

import numpy as np


def model(X, params):
    a = np.tanh(params["w1"] @ X + params["b1"])
    p = 1 / (1 + np.exp(-(params["w2"] @ a + params["b2"])))
    return a, p


def log_loss(X, y, params):
    _, p = model(X, params)
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def grad(X, y, params):
    n = X.shape[1]
    a, p = model(X, params)
    dz = (p - y) / n
    g = {}
    g["w2"] = dz @ a.T
    g["b2"] = dz.sum(axis=1, keepdims=True)
    da = params["w2"].T @ dz * (1 - a**2)
    g["w1"] = da @ X.T
    g["b1"] = da.sum(axis=0, keepdims=True)
    return g


def train(X, y, steps=4):
    rng = np.random.default_rng(8)
    params = {"w1": rng.normal(size=(5, 2)), "b1": rng.normal(size=(5, 1)),
              "w2": rng.normal(size=(1, 5)), "b2": rng.normal(size=(1, 1))}
    for _ in range(steps):
        g = grad(X, y, params)
        params = {k: params[k] - 0.3 * g[k] for k in params}
        print(log_loss(X, y, params))
    return params


if __name__ == "__main__":
    rng = np.random.default_rng(3)
    train(rng.normal(size=(2, 7)), rng.integers(0, 2, size=(1, 7)))
