"""Two-layer network with inverted dropout on the hidden layer; columns are samples."""

import numpy as np

KEEP = 0.7


def relu(z):
    return np.maximum(z, 0)


def forward(params, X, mask):
    A1 = relu(params["W1"] @ X + params["b1"])
    D1 = A1 * mask / KEEP
    Y = params["W2"] @ D1 + params["b2"]
    return Y, (X, A1, D1, mask)


def loss(Y, T):
    return 0.5 * np.sum((Y - T) ** 2) / T.shape[1]


def backward(params, Y, T, cache):
    X, A1, D1, mask = cache
    dY = (Y - T) / T.shape[1]
    grads = {"W2": dY @ D1.T, "b2": dY.sum(axis=1, keepdims=True)}
    dA1 = params["W2"].T @ dY
    dZ1 = dA1 * (A1 > 0)
    grads["W1"] = dZ1 @ X.T
    grads["b1"] = dZ1.sum(axis=1, keepdims=True)
    return grads


if __name__ == "__main__":
    rng = np.random.default_rng(8)
    params = {
        "W1": rng.normal(size=(7, 3)),
        "b1": 0.1 * rng.normal(size=(7, 1)),
        "W2": rng.normal(size=(2, 7)),
        "b2": np.zeros((2, 1)),
    }
    X, T = rng.normal(size=(3, 5)), rng.normal(size=(2, 5))
    for step in range(3):
        mask = rng.random((7, 5)) < KEEP
        Y, cache = forward(params, X, mask)
        print(step, loss(Y, T))
        grads = backward(params, Y, T, cache)
        for name in params:
            params[name] -= 0.05 * grads[name]
