"""Mini-batch gradients, added up over the batches of an epoch."""

import numpy as np

rng = np.random.default_rng(36)
params = {"W1": rng.normal(size=(3, 5)) * 0.6, "b1": rng.normal(size=5), "W2": rng.normal(size=(5, 2)) * 0.6}
batches = [(rng.normal(size=(n, 3)), rng.normal(size=(n, 2))) for n in (2, 3, 5)]


def forward(params, x):
    h = np.tanh(x @ params["W1"] + params["b1"])
    return h, h @ params["W2"]


def epoch_loss(params):
    total = 0.0
    for x, t in batches:
        total += 0.5 * np.sum((forward(params, x)[1] - t) ** 2)
    return total


def epoch_gradients(params):
    grads = {key: value.copy() for key, value in params.items()}
    for x, t in batches:
        h, y = forward(params, x)
        dy = y - t
        grads["W2"] += h.T @ dy
        dz = dy @ params["W2"].T * (1 - h * h)
        grads["W1"] += x.T @ dz
        grads["b1"] += dz.sum(axis=0)
    return grads


if __name__ == "__main__":
    for epoch in range(3):
        print(epoch_loss(params))
        for key, grad in epoch_gradients(params).items():
            params[key] -= 0.02 * grad
