"""C1 and S2 of LeNet-5, small: a convolution, tanh, subsampling with a weight and a bias for each map, tanh."""

import numpy as np

rng = np.random.default_rng(90)
params = {
    "W": rng.normal(size=(2, 3, 3)) * 0.4,
    "b": rng.normal(size=2) * 0.1,
    "w": rng.normal(size=2),
    "a": rng.normal(size=2) * 0.1,
}
picture = rng.normal(size=(8, 10))
wanted = rng.uniform(-0.8, 0.8, size=(2, 3, 4))


def mean_pool(Y):
    return (Y[:, ::2, ::2] + Y[:, 1::2, ::2] + Y[:, ::2, 1::2] + Y[:, 1::2, 1::2]) / 4


def forward(params, picture):
    Y_pre = np.zeros((2, 6, 8))
    for d in range(2):
        for i in range(6):
            for j in range(8):
                Y_pre[d, i, j] = np.sum(params["W"][d] * picture[i : i + 3, j : j + 3]) + params["b"][d]
    Y = np.tanh(Y_pre)
    M = mean_pool(Y)
    X = np.tanh(params["w"][:, None, None] * M + params["a"][:, None, None])
    return Y, M, X


def loss(params, picture, wanted):
    return np.sum((forward(params, picture)[-1] - wanted) ** 2) / 2


def gradients(params, picture, wanted):
    Y, M, X = forward(params, picture)
    dX_pre = (X - wanted) * (1 - X**2)
    dw = np.sum(dX_pre * M, axis=(1, 2))
    da = np.sum(dX_pre, axis=(1, 2))
    dY = np.kron(params["w"][:, None, None] * dX_pre, np.ones((1, 2, 2)))
    dY_pre = dY * (1 - Y**2)
    dW = np.zeros_like(params["W"])
    for d in range(2):
        for u in range(3):
            for v in range(3):
                dW[d, u, v] = np.sum(dY_pre[d] * picture[u : u + 6, v : v + 8])
    return {"W": dW, "b": dY_pre.sum(axis=(1, 2)), "w": dw, "a": da}


if __name__ == "__main__":
    for _ in range(3):
        g = gradients(params, picture, wanted)
        params = {name: value - 0.1 * g[name] for name, value in params.items()}
        print(loss(params, picture, wanted))
