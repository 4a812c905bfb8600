"""Two-layer sigmoid network with squared error; every column of x is a sample."""

import numpy as np

SEED = 0
B = 5
D = 3
H = 4
C = 2


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def init_params(rng):
    return {
        "W1": rng.normal(size=(H, D)),
        "b1": rng.normal(size=(H, 1)) * 0.5,
        "W2": rng.normal(size=(C, H)),
        "b2": rng.normal(size=(C, 1)) * 0.5,
    }


def forward(params, x, y):
    z1 = params["W1"] @ x + params["b1"]
    a1 = sigmoid(z1)
    z2 = params["W2"] @ a1 + params["b2"]
    a2 = sigmoid(z2)
    m = x.shape[1]
    loss = np.sum((a2 - y) ** 2) / (2 * m)
    cache = {"x": x, "y": y, "a1": a1, "a2": a2}
    return loss, cache


def backward(params, cache):
    x, y, a1, a2 = cache["x"], cache["y"], cache["a1"], cache["a2"]
    m = x.shape[1]

    # output layer
    da2 = (a2 - y) / m
    dz2 = da2 * a2 * (1 - a2)
    dW2 = dz2 @ a1.T
    db2 = np.sum(dz2, axis=1, keepdims=True)

    # hidden layer
    da1 = params["W2"].T @ dz2
    dz1 = da1 * a1 * (1 - a1)
    dW1 = dz1 @ x.T
    db1 = np.sum(dz1, axis=1, keepdims=True)

    return {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


def update(params, grads, lr):
    for key in params:
        params[key] = params[key] - lr * grads[key]
    return params


if __name__ == "__main__":
    rng = np.random.default_rng(SEED)
    x = rng.normal(size=(D, B))
    y = rng.uniform(size=(C, B))
    params = init_params(rng)
    for step in range(10):
        loss, cache = forward(params, x, y)
        grads = backward(params, cache)
        params = update(params, grads, lr=0.5)
        print(f"step {step}: loss {loss:.4f}")
