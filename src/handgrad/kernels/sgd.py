"""Stochastic gradient descent. Equations: ``training/optimizers/sgd.py``."""

from handgrad.kernels._jit import update, vector


@update
def sgd_update(start, stop, size, step, hyper, params, grads, state):
    """theta <- theta - eta g; with momentum v <- mu v + g, theta <- theta - eta v, or - eta (g + mu v)"""
    n = stop - start
    theta = vector(params, start, n)
    g = vector(grads, start, n)
    numbers = vector(hyper, 0, 3)
    lr, momentum = theta.dtype.type(numbers[0]), theta.dtype.type(numbers[1])
    if momentum == 0:
        for i in range(n):
            theta[i] -= lr * g[i]
        return
    v = vector(state, start, n)
    if numbers[2] != 0:
        for i in range(n):
            gi = g[i]
            vi = momentum * v[i] + gi
            v[i] = vi
            theta[i] -= lr * (gi + momentum * vi)
    else:
        for i in range(n):
            vi = momentum * v[i] + g[i]
            v[i] = vi
            theta[i] -= lr * vi
