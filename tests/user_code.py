"""Networks as a user writes them, right, or with one fault of a kind: what the checker's own tests check."""

from typing import NamedTuple

import numpy as np


class Written(NamedTuple):
    """loss, gradients, the parameters, and named values of the forward pass."""

    loss: object
    gradients: object
    parameters: dict
    values: object = None


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


ACTIVATIONS = {
    "tanh": (np.tanh, lambda z, y: 1 - y**2),
    "sigmoid": (sigmoid, lambda z, y: y * (1 - y)),
    "relu": (lambda z: np.maximum(z, 0), lambda z, y: (z > 0) * 1.0),
    "abs": (np.abs, lambda z, y: np.sign(z)),  # not analytic: no complex step
}


def mlp(fault="", activation="sigmoid", sizes=(7, 5, 3), batch=4, seed=0):
    """One hidden layer, mean squared error over the batch. A column is a sample."""
    rng = np.random.default_rng(seed)
    n, h, m = sizes
    f, df = ACTIVATIONS[activation]
    parameters = {
        "W1": rng.normal(size=(h, n)) / np.sqrt(n),
        "b1": rng.normal(size=h) / 3,
        "W2": rng.normal(size=(m, h)) / np.sqrt(h),
        "b2": rng.normal(size=m) / 3,
    }
    x, t = rng.normal(size=(n, batch)), rng.normal(size=(m, batch))
    kept = {}

    def forward(p):
        z1 = p["W1"] @ x + p["b1"][:, None]
        a1 = f(z1)
        return z1, a1, p["W2"] @ a1 + p["b2"][:, None]

    def loss(p):
        return ((forward(p)[2] - t) ** 2).sum() / (2 * batch)

    def gradients(p, rate=0.1):
        z1, a1, y = forward(p)
        d2 = (y - t) / batch
        if fault == "mean":
            d2 = y - t
        g = {"W2": d2 @ a1.T, "b2": d2.sum(axis=1)}
        if fault == "updated-early":
            p["W2"] -= rate * g["W2"]
        above = p["W2"].T @ d2
        d1 = above * df(z1, a1)
        if fault == "derivative-missing":
            d1 = above
        if fault == "derivative-place":
            d1 = above * df(a1, f(a1))
        if fault == "sum-for-product":
            d1 = above + df(z1, a1)
        if fault == "rows-dropped":
            d1[:, 2:] = 0
        g["W1"], g["b1"] = d1 @ x.T, d1.sum(axis=1)
        if fault == "sign":
            g["W1"] = -g["W1"]
        if fault == "factor":
            g["b1"] = 2 * g["b1"]
        if fault == "data-factor":
            g["W1"] = g["W1"] * np.abs(p["W2"]).sum()
        if fault == "never-written":
            g["b1"] = np.zeros(h)
        if fault == "sum-missing":
            g["b1"] = d1[:, 0]
        if fault == "sum-missing shape":
            g["b1"] = d1
        if fault == "accumulator-seed":
            g["W1"] = g["W1"] + 1
        if fault == "accumulator-seed own":
            g["W2"] = g["W2"] + p["W2"]
        if fault == "transpose shape":
            g["W1"] = g["W1"].T
        if fault == "transpose":
            g["W1"] = x @ d1.T
        if fault == "wrong-axis":
            g["b2"] = g["b2"][::-1]
        if fault == "buffer-not-cleared":
            for name in g:
                kept[name] = kept.get(name, 0) + g[name]
            g = {name: value.copy() for name, value in kept.items()}
        if fault == "mutation":
            p["b1"] -= 0.1 * g["b1"]
        return g

    def values(p):
        z1, a1, _ = forward(p)
        return {"x": x, "z1": z1, "a1": a1}

    return Written(loss, gradients, parameters, values)


def rnn(fault="", steps=4, sizes=(6, 7, 3), batch=None, seed=0):
    """Vanilla RNN, an output at every step, half the squared error, summed. One sequence, or a batch of them."""
    rng = np.random.default_rng(seed)
    n, h, m = sizes
    parameters = {
        "U": rng.normal(size=(h, n)) / np.sqrt(n),
        "W": rng.normal(size=(h, h)) / np.sqrt(h),
        "V": rng.normal(size=(m, h)) / np.sqrt(h),
        "b": rng.normal(size=h) / 3,
        "c": rng.normal(size=m) / 3,
    }
    columns = batch or 1
    x, t = rng.normal(size=(steps, n, columns)), rng.normal(size=(steps, m, columns))

    def forward(p):
        hs, ys = [np.zeros((h, columns))], []
        for k in range(steps):
            hs.append(np.tanh(p["U"] @ x[k] + p["W"] @ hs[-1] + p["b"][:, None]))
            ys.append(p["V"] @ hs[-1] + p["c"][:, None])
        return hs, ys

    def loss(p):
        return sum(((y - each) ** 2).sum() for y, each in zip(forward(p)[1], t, strict=True)) / 2

    def gradients(p):
        hs, ys = forward(p)
        g = {name: np.zeros_like(value) for name, value in p.items()}
        after = np.zeros((h, columns))
        for k in reversed(range(steps)):
            dy = ys[k] - t[k]
            if fault == "mean":
                dy = dy / steps
            g["V"] += dy @ hs[k + 1].T
            g["c"] += dy.sum(axis=1)
            dh = p["V"].T @ dy + (0 if fault == "recurrent-term" else after)
            da = dh * (1 - hs[k + 1] ** 2)
            after = p["W"].T @ da
            if fault == "boundary-step" and k == 0:
                continue
            before = hs[k + 1] if fault == "time-shift" else hs[k]
            if fault == "path-lost":
                g["U"] = da @ x[k].T
            else:
                g["U"] += da @ x[k].T
            g["W"] += da @ before.T
            g["b"] += da.sum(axis=1)
        return g

    def values(p):
        hs = np.array(forward(p)[0])[:, :, 0]
        return {"x": x[:, :, 0], "h": hs}

    return Written(loss, gradients, parameters, values)


def convolution(fault="", batch=2, seed=0):
    """A valid convolution of kernels (out, in, 3, 3) with images, half the squared sum of what comes out."""
    rng = np.random.default_rng(seed)
    images, weights = rng.normal(size=(batch, 3, 6, 7)), rng.normal(size=(batch, 3, 4, 5))
    parameters = {"K": rng.normal(size=(3, 3, 3, 3)), "b": rng.normal(size=3)}

    def forward(p):
        out = np.zeros((batch, 3, 4, 5), dtype=p["K"].dtype if p["K"].dtype == complex else p["b"].dtype)
        for i in range(4):
            for j in range(5):
                patch = images[:, :, i : i + 3, j : j + 3]
                out[:, :, i, j] = np.einsum("nchw,ochw->no", patch, p["K"]) + p["b"]
        return out

    def loss(p):
        return (weights * forward(p) ** 2).sum() / 2

    def gradients(p):
        d = weights * forward(p)
        g = {"K": np.zeros_like(p["K"]), "b": d.sum(axis=(0, 2, 3))}
        for i in range(4):
            for j in range(5):
                g["K"] += np.einsum("no,nchw->ochw", d[:, :, i, j], images[:, :, i : i + 3, j : j + 3])
        if fault == "rotation":
            g["K"] = g["K"][:, :, ::-1, ::-1]
        if fault == "wrong-axis":
            g["K"] = g["K"].transpose(1, 0, 2, 3)
        return g

    return Written(loss, gradients, parameters)
