"""Convolution, ReLU, 2x2 max pooling and a linear layer, with loops over every position (NCHW)."""
import numpy as np

SEED = 5
B = 5
C = 2
F = 4
S = 6
K = 3


def conv_forward(x, w, b):
    n, _, side, _ = x.shape
    f, _, k, _ = w.shape
    oh = ow = side - k + 1
    out = np.zeros((n, f, oh, ow))
    for m in range(f):
        for i in range(oh):
            for j in range(ow):
                patch = x[:, :, i : i + k, j : j + k]
                out[:, m, i, j] = np.sum(patch * w[m], axis=(1, 2, 3)) + b[m]
    return out


def conv_backward(dout, x, w):
    dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros(w.shape[0])
    n, f, oh, ow = dout.shape
    k = w.shape[2]
    for m in range(f):
        for i in range(oh):
            for j in range(ow):
                d = dout[:, m, i, j][:, None, None, None]
                dw[m] += np.sum(d * x[:, :, i : i + k, j : j + k], axis=0)
                dx[:, :, i : i + k, j : j + k] += d * w[m]
        db[m] = dout[:, m].sum()
    return dx, dw, db


def pool_forward(x):
    n, c, h, w = x.shape
    return x.reshape(n, c, h // 2, 2, w // 2, 2).max(axis=(3, 5))


def pool_backward(dout, x):
    dx = np.zeros_like(x)
    n, c, oh, ow = dout.shape
    for a in range(n):
        for m in range(c):
            for i in range(oh):
                for j in range(ow):
                    window = x[a, m, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
                    r, s = np.unravel_index(window.argmax(), window.shape)
                    dx[a, m, 2 * i + r, 2 * j + s] += dout[a, m, i, j]
    return dx


def forward(params, x, y):
    z = conv_forward(x, params["w"], params["b"])
    a = np.where(z > 0, z, 0.1 * z)
    p = pool_forward(a)
    flat = p.reshape(p.shape[0], -1)
    out = flat @ params["V"] + params["c"]
    loss = 0.5 * np.mean((out - y) ** 2)
    return loss, (x, y, z, a, p, flat, out)


def backward(params, cache):
    x, y, z, a, p, flat, out = cache
    dout = (out - y) / out.size
    dV = flat.T @ dout
    dc = dout.sum(axis=0)
    dp = (dout @ params["V"].T).reshape(p.shape)
    da = pool_backward(dp, a)
    dz = da * np.where(z > 0, 1.0, 0.1)
    dx, dw, db = conv_backward(dz, x, params["w"])
    return {"w": dw, "b": db, "V": dV, "c": dc}


rng = np.random.default_rng(SEED)
side = (S - K + 1) // 2
params = {
    "w": 0.4 * rng.standard_normal((F, C, K, K)),
    "b": 0.2 * rng.standard_normal(F),
    "V": 0.3 * rng.standard_normal((F * side * side, 2)),
    "c": 0.2 * rng.standard_normal(2),
}
x = rng.standard_normal((B, C, S, S))
y = rng.standard_normal((B, 2))
loss, cache = forward(params, x, y)
grads = backward(params, cache)
