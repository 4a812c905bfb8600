"""Causal scaled dot-product attention, one head, with the projections."""

from typing import NamedTuple

import numpy as np

SEED = 15
B = 2
T = 4
D = 5
H = 3


class Cache(NamedTuple):
    x: np.ndarray
    q: np.ndarray
    k: np.ndarray
    v: np.ndarray
    weights: np.ndarray
    mixed: np.ndarray


def attention_forward(params, x):
    """x (B, T, D) -> y (B, T, D)."""
    q = x @ params["Wq"]
    k = x @ params["Wk"]
    v = x @ params["Wv"]
    scores = np.einsum("bth,bsh->bts", q, k) / np.sqrt(q.shape[-1])
    future = np.triu(np.ones(scores.shape[1:], dtype=bool), 1)
    scores = np.where(future, -1e9, scores)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = weights / weights.sum(axis=-1, keepdims=True)
    mixed = weights @ v
    y = mixed @ params["Wo"]
    return y, Cache(x, q, k, v, weights, mixed)


def attention_backward(params, cache, dy):
    grads = {}
    grads["Wo"] = np.einsum("bth,btd->hd", cache.mixed, dy)
    d_mixed = dy @ params["Wo"].T

    d_weights = d_mixed @ cache.v.swapaxes(1, 2)
    d_v = cache.weights.swapaxes(1, 2) @ d_mixed

    # softmax, row by row
    inner = np.sum(d_weights * cache.weights, axis=-1, keepdims=True)
    d_scores = cache.weights * (d_weights - inner)
    d_scores = d_scores / np.sqrt(cache.q.shape[-1])

    d_q = d_scores @ cache.k
    d_k = d_scores.swapaxes(1, 2) @ cache.q

    grads["Wq"] = np.einsum("btd,bth->dh", cache.x, d_q)
    grads["Wk"] = np.einsum("btd,bth->dh", cache.x, d_k)
    grads["Wv"] = np.einsum("btd,bth->dh", cache.x, d_v)
    dx = d_q @ params["Wq"].T + d_k @ params["Wk"].T + d_v @ params["Wv"].T
    return dx, grads


if __name__ == "__main__":
    rng = np.random.default_rng(SEED)
    params = {name: rng.normal(0, 0.6, (D, H)) for name in ("Wq", "Wk", "Wv")}
    params["Wo"] = rng.normal(0, 0.6, (H, D))
    x = rng.normal(size=(B, T, D))
    y, cache = attention_forward(params, x)
    dy = rng.normal(size=y.shape)
    dx, grads = attention_backward(params, cache, dy)
    print(y.shape, dx.shape, {name: g.shape for name, g in grads.items()})
