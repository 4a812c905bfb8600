"""RMSProp. Equations: ``training/optimizers/rmsprop.py``."""

import numpy as np

from handgrad.kernels._jit import update, vector


@update
def rmsprop_update(start, stop, size, step, hyper, params, grads, state):
    """s <- alpha s + (1 - alpha) g^2, d = g / (sqrt(s) + epsilon), theta <- theta - eta d; or through v <- mu v + d"""
    n = stop - start
    theta = vector(params, start, n)
    g = vector(grads, start, n)
    s = vector(state, start, n)
    numbers = vector(hyper, 0, 4)
    lr, epsilon = theta.dtype.type(numbers[0]), theta.dtype.type(numbers[2])
    alpha, rest = theta.dtype.type(numbers[1]), theta.dtype.type(1 - numbers[1])
    momentum = theta.dtype.type(numbers[3])
    if momentum == 0:
        for i in range(n):
            gi = g[i]
            si = alpha * s[i] + rest * gi * gi
            s[i] = si
            theta[i] -= lr * gi / (np.sqrt(si) + epsilon)
        return
    v = vector(state, size + start, n)
    for i in range(n):
        gi = g[i]
        si = alpha * s[i] + rest * gi * gi
        vi = momentum * v[i] + gi / (np.sqrt(si) + epsilon)
        s[i] = si
        v[i] = vi
        theta[i] -= lr * vi
