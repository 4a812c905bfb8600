from typing import NamedTuple

import numpy as np

Array = np.ndarray


class Weights(NamedTuple):
    Win: Array
    Wrec: Array
    bias: Array


def rnn_forward(w: Weights, xs: Array, h0: Array) -> tuple[Array, tuple]:
    """xs (T, D), h0 (H,) -> all states (T, H)."""
    hs = np.zeros((len(xs), len(h0)))
    h = h0
    for t, x in enumerate(xs):
        h = np.maximum(0.1 * (pre := w.Win @ x + w.Wrec @ h + w.bias), pre)
        hs[t] = h
    return hs, (xs, h0, hs)


def rnn_backward(w: Weights, cache: tuple, dhs: Array) -> tuple[Array, Array, Weights]:
    xs, h0, hs = cache
    T = len(xs)
    dxs, dWin, dWrec, dbias = np.zeros_like(xs), np.zeros_like(w.Win), np.zeros_like(w.Wrec), np.zeros_like(w.bias)
    dh_next = np.zeros_like(h0)
    for t in range(T - 2, -1, -1):
        da = (dhs[t] + dh_next) * np.where(hs[t] > 0, 1.0, 0.1)
        dxs[t] = w.Win.T @ da
        dWin += np.outer(da, xs[t])
        dWrec += np.outer(da, hs[t - 1] if t else h0)
        dbias += da
        dh_next = w.Wrec.T @ da
    return dxs, dh_next, Weights(dWin, dWrec, dbias)


if __name__ == "__main__":
    rng = np.random.default_rng(5)
    w = Weights(rng.normal(size=(4, 3)), 0.5 * rng.normal(size=(4, 4)), rng.normal(size=4))
    xs, h0, dhs = rng.normal(size=(6, 3)), rng.normal(size=4), rng.normal(size=(6, 4))
    hs, cache = rnn_forward(w, xs, h0)
    print([each.shape for each in rnn_backward(w, cache, dhs)[:2]])
