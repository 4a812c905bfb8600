"""LSTM with a dict of parameters; the loss is a squared error on the last hidden state."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def init_params(D, H, seed=2):
    rng = np.random.RandomState(seed)
    params = {}
    for gate in "ifoc":
        params["W" + gate] = rng.randn(H, H + D) * 0.5
        params["b" + gate] = rng.randn(H, 1) * 0.3
    return params


def forward(params, xs, target):
    H = params["bi"].shape[0]
    B = xs.shape[2]
    h, c = np.zeros((H, B)), np.zeros((H, B))
    caches = []
    for x in xs:
        z = np.vstack((h, x))
        i = sigmoid(params["Wi"] @ z + params["bi"])
        f = sigmoid(params["Wf"] @ z + params["bf"])
        o = sigmoid(params["Wo"] @ z + params["bo"])
        g = np.tanh(params["Wc"] @ z + params["bc"])
        c_prev = c
        c = f * c_prev + i * g
        h = o * np.tanh(c)
        caches.append((z, i, f, o, g, c, c_prev))
    loss = 0.5 * np.sum((h - target) ** 2)
    return loss, h, caches


def backward(params, h, target, caches):
    grads = {name: np.zeros_like(value) for name, value in params.items()}
    H = h.shape[0]
    dh = h - target
    dc = np.zeros_like(h)
    for z, i, f, o, g, c, c_prev in reversed(caches):
        tanh_c = np.tanh(c)
        dc = dc + dh * o * (1 - tanh_c**2)
        da_o = dh * tanh_c * o * (1 - o)
        da_i = dc * g * f * (1 - f)
        da_f = dc * c_prev * f * (1 - f)
        da_c = dc * i * (1 - g**2)
        dz = 0
        for gate, da in zip("ifoc", (da_i, da_f, da_o, da_c)):
            grads["W" + gate] += da @ z.T
            grads["b" + gate] += da.sum(axis=1, keepdims=True)
            dz = dz + params["W" + gate].T @ da
        dh = dz[:H]
        dc = dc * f
    return grads


if __name__ == "__main__":
    rng = np.random.RandomState(0)
    xs, target = rng.randn(4, 2, 3), rng.randn(5, 3)
    params = init_params(2, 5)
    for step in range(3):
        loss, h, caches = forward(params, xs, target)
        grads = backward(params, h, target, caches)
        print(step, loss)
        for name in params:
            params[name] -= 0.1 * grads[name]
