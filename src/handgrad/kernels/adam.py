"""Adam. Equations: ``training/optimizers/adam.py``."""

import numpy as np

from handgrad.kernels._jit import update, vector


@update
def adam_update(start, stop, size, step, hyper, params, grads, state):
    """m, v <- running means of g and g^2, theta <- theta - eta mhat / (sqrt(vhat) + epsilon)"""
    n = stop - start
    theta = vector(params, start, n)
    g = vector(grads, start, n)
    m = vector(state, start, n)
    v = vector(state, size + start, n)
    numbers = vector(hyper, 0, 4)
    beta1, rest1 = theta.dtype.type(numbers[1]), theta.dtype.type(1 - numbers[1])
    beta2, rest2 = theta.dtype.type(numbers[2]), theta.dtype.type(1 - numbers[2])
    # The corrections are the same for every parameter. Numerator and denominator times r = sqrt(1 - beta2^t):
    # eta mhat / (sqrt(vhat) + epsilon) = eta r / (1 - beta1^t) m / (sqrt(v) + epsilon r)
    root = np.sqrt(1 - numbers[2] ** step)
    rate = theta.dtype.type(numbers[0] * root / (1 - numbers[1] ** step))
    epsilon = theta.dtype.type(numbers[3] * root)
    # g is read once, before the writes: a load that follows a store a multiple of 4 KiB away waits for it.
    for i in range(n):
        gi = g[i]
        mi = beta1 * m[i] + rest1 * gi
        vi = beta2 * v[i] + rest2 * gi * gi
        m[i] = mi
        v[i] = vi
        theta[i] -= rate * mi / (np.sqrt(vi) + epsilon)
