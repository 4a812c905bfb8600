"""Convolution over a sentence of word vectors, maximum over time, logistic output."""
import numpy as np

SEED = 25
N = 3
L = 7
D = 4
F = 5
K = 2

rng = np.random.default_rng(SEED)
x = rng.normal(size=(N, L, D))
y = rng.integers(0, 2, size=N)
filters = rng.normal(size=(K, D, F)) * 0.5
fbias = rng.normal(size=F) * 0.3
v = rng.normal(size=F)
vbias = rng.normal(size=1) * 0.3


def forward(x, y, filters, fbias, v, vbias):
    K = filters.shape[0]
    steps = x.shape[1] - K + 1
    s = fbias + sum(x[:, k : k + steps] @ filters[k] for k in range(K))
    a = np.tanh(s)
    best = a.argmax(axis=1)
    m = np.take_along_axis(a, best[:, None, :], axis=1)[:, 0]
    score = m @ v + vbias
    prob = 1 / (1 + np.exp(-score))
    loss = -np.mean(np.log(np.where(y == 1, prob, 1 - prob)))
    return loss, (a, best, m, prob)


def backward(x, y, filters, v, cache):
    a, best, m, prob = cache
    K = filters.shape[0]
    steps = a.shape[1]
    d_score = (prob - y) / len(y)
    d_v = m.T @ d_score
    d_vbias = d_score.sum(keepdims=True)
    d_m = np.outer(d_score, v)
    d_a = np.zeros_like(a)
    rows, maps = np.indices(best.shape)
    d_a[rows, best, maps] = d_m
    d_s = d_a * (1 - a**2)
    d_fbias = d_s.sum(axis=(0, 1))
    d_filters = np.zeros_like(filters)
    d_x = np.zeros_like(x)
    for k in range(K):
        d_filters[k] = np.tensordot(x[:, k : k + steps], d_s, axes=([0, 1], [0, 1]))
        d_x[:, k : k + steps] += d_s @ filters[k].T
    return {"x": d_x, "filters": d_filters, "fbias": d_fbias, "v": d_v, "vbias": d_vbias}


loss, cache = forward(x, y, filters, fbias, v, vbias)
grads = backward(x, y, filters, v, cache)
for name, g in grads.items():
    print(name, g.shape, float(np.abs(g).max()))
