"""Embedding network with a Euclidean distance loss: mean distance of each output to its target."""

import numpy as np

rng = np.random.default_rng(31)
W = rng.normal(size=(2, 5))
c = rng.normal(size=5)
V = rng.normal(size=(5, 3))
anchors = rng.normal(size=(7, 2))
positives = rng.normal(size=(7, 3))


def embed(W, c, V, anchors):
    hidden = np.tanh(anchors @ W + c)
    return hidden, hidden @ V


def distance_loss(W, c, V, anchors, positives):
    _, out = embed(W, c, V, anchors)
    return np.sqrt(np.sum((out - positives) ** 2, axis=1)).sum()


def distance_grad(W, c, V, anchors, positives):
    hidden, out = embed(W, c, V, anchors)
    diff = out - positives
    dist = np.sum(diff**2, axis=1, keepdims=True)
    grad_out = diff / dist
    grad_V = hidden.T @ grad_out
    grad_pre = grad_out @ V.T * (1 - hidden**2)
    grad_W = anchors.T @ grad_pre
    grad_c = grad_pre.sum(0)
    return grad_W, grad_c, grad_V


if __name__ == "__main__":
    for step in range(3):
        print(distance_loss(W, c, V, anchors, positives))
        grad_W, grad_c, grad_V = distance_grad(W, c, V, anchors, positives)
        W, c, V = W - 0.01 * grad_W, c - 0.01 * grad_c, V - 0.01 * grad_V
