"""A softmax layer and a quick test of its backward pass."""

import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=0)


def forward(W, x):
    return softmax(W @ x)


def objective(W, x):
    return forward(W, x).sum()


def backward(W, x):
    p = forward(W, x)
    dp = np.ones_like(p)
    dz = p * (dp - (dp * p).sum(axis=0))
    return dz @ x.T


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    W = rng.normal(size=(3, 5))
    x = rng.normal(size=(5, 7))
    dW = backward(W, x)
    print("objective", objective(W, x))
    print("largest entry of dW", np.abs(dW).max())
