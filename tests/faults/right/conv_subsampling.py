"""A LeNet-like stage: convolution, then 2x2 subsampling with a trainable coefficient and bias for each map."""
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

SEED = 11
B = 5
C = 3
F = 4
SIDE = 7
K = 2

rng = np.random.default_rng(SEED)
params = {
    "kernel": rng.normal(0, 0.3, (F, C, K, K)),
    "bias": rng.normal(0, 0.2, F),
    "coef": rng.normal(1, 0.3, F),
    "shift": rng.normal(0, 0.2, F),
}
images = rng.normal(size=(B, C, SIDE, SIDE))
targets = rng.uniform(0.2, 0.8, size=(B, F, (SIDE - K + 1) // 2, (SIDE - K + 1) // 2))


def logistic(s):
    return 1 / (1 + np.exp(-s))


def run(params, images):
    windows = sliding_window_view(images, (K, K), axis=(2, 3))
    s1 = np.einsum("bcijkl,fckl->bfij", windows, params["kernel"]) + params["bias"][:, None, None]
    c1 = np.tanh(s1)
    mean = 0.25 * (c1[:, :, ::2, ::2] + c1[:, :, 1::2, ::2] + c1[:, :, ::2, 1::2] + c1[:, :, 1::2, 1::2])
    s2 = params["coef"][:, None, None] * mean + params["shift"][:, None, None]
    return windows, c1, mean, logistic(s2)


def loss(params):
    out = run(params, images)[-1]
    return 0.5 * np.sum((out - targets) ** 2) / len(images)


def gradient(params):
    windows, c1, mean, out = run(params, images)
    d_out = (out - targets) / len(images)
    d_s2 = d_out * out * (1 - out)
    d_shift = d_s2.sum(axis=(0, 2, 3))
    d_coef = (d_s2 * mean).sum(axis=(0, 2, 3))
    d_mean = d_s2 * params["coef"][:, None, None]

    # every cell of a 2x2 window has a quarter of the mean
    d_c1 = np.kron(d_mean, np.ones((2, 2))) / 4
    d_s1 = d_c1 * (1 - c1**2)
    d_kernel = np.einsum("bfij,bcijkl->fckl", d_s1, windows)
    d_bias = d_s1.sum(axis=(0, 2, 3))
    return {"kernel": d_kernel, "bias": d_bias, "coef": d_coef, "shift": d_shift}


if __name__ == "__main__":
    for epoch in range(10):
        g = gradient(params)
        params = {name: value - 0.5 * g[name] for name, value in params.items()}
        print(epoch, loss(params))
