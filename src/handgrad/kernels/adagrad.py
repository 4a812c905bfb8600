"""AdaGrad. Equations: ``training/optimizers/adagrad.py``."""

import numpy as np

from handgrad.kernels._jit import update, vector


@update
def adagrad_update(start, stop, size, step, hyper, params, grads, state):
    """s <- s + g^2, theta <- theta - eta g / (sqrt(s) + epsilon)"""
    n = stop - start
    theta = vector(params, start, n)
    g = vector(grads, start, n)
    s = vector(state, start, n)
    numbers = vector(hyper, 0, 2)
    lr, epsilon = theta.dtype.type(numbers[0]), theta.dtype.type(numbers[1])
    for i in range(n):
        gi = g[i]
        si = s[i] + gi * gi
        s[i] = si
        theta[i] -= lr * gi / (np.sqrt(si) + epsilon)
