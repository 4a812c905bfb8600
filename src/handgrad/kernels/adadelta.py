"""Adadelta. Equations: ``training/optimizers/adadelta.py``."""

import numpy as np

from handgrad.kernels._jit import update, vector


@update
def adadelta_update(start, stop, size, step, hyper, params, grads, state):
    """s <- mean of g^2, d = sqrt((u + epsilon) / (s + epsilon)) g, u <- mean of d^2, theta <- theta - eta d"""
    n = stop - start
    theta = vector(params, start, n)
    g = vector(grads, start, n)
    s = vector(state, start, n)
    u = vector(state, size + start, n)
    numbers = vector(hyper, 0, 3)
    lr, epsilon = theta.dtype.type(numbers[0]), theta.dtype.type(numbers[2])
    rho, rest = theta.dtype.type(numbers[1]), theta.dtype.type(1 - numbers[1])
    for i in range(n):
        gi, ui = g[i], u[i]
        si = rho * s[i] + rest * gi * gi
        d = np.sqrt((ui + epsilon) / (si + epsilon)) * gi
        s[i] = si
        u[i] = rho * ui + rest * d * d
        theta[i] -= lr * d
