"""Layer normalization over the last axis."""
import numpy as np

SEED = 13
N = 4
D = 5

np.random.seed(SEED)
x = np.random.randn(N, D) * 2 + 1
gamma = np.random.rand(D) + 0.5
beta = np.random.randn(D)
dout = np.random.randn(N, D)


def norm_forward(x, gamma, beta, eps=1e-5):
    mu = x.mean(axis=1, keepdims=True)
    xc = x - mu
    var = (xc**2).mean(axis=1, keepdims=True)
    inv = 1.0 / np.sqrt(var + eps)
    xhat = xc * inv
    out = gamma * xhat + beta
    return out, (xhat, inv, gamma)


def norm_backward(dout, cache):
    xhat, inv, gamma = cache
    dbeta = dout.sum(axis=0)
    dgamma = (dout * xhat).sum(axis=0)
    dxhat = dout * gamma
    dx = inv * (dxhat - dxhat.mean(axis=1, keepdims=True) - xhat * (dxhat * xhat).mean(axis=1, keepdims=True))
    return dx, dgamma, dbeta
