"""Squared error. Equations: ``layers/squared_error.py``."""

from handgrad.kernels._jit import matrix, operation, vector
from handgrad.kernels._rows import AUX, IN, N_IN, OUT


@operation
def squared_error_forward(row, n, params, grads, acts, deltas, scalars):
    """l = sum (y - t)^2, for each of n samples"""
    y = matrix(acts, row[IN], n, row[N_IN])
    t = matrix(acts, row[AUX], n, row[N_IN])
    l = vector(acts, row[OUT], n)  # noqa: E741
    for s in range(n):
        total = y.dtype.type(0)
        for j in range(row[N_IN]):
            e = y[s, j] - t[s, j]
            total += e * e
        l[s] = total


@operation
def squared_error_backward(row, n, params, grads, acts, deltas, scalars):
    """dy = 2 (y - t) dl"""
    y = matrix(acts, row[IN], n, row[N_IN])
    t = matrix(acts, row[AUX], n, row[N_IN])
    dl = vector(deltas, row[OUT], n)
    dy = matrix(deltas, row[IN], n, row[N_IN])
    two = y.dtype.type(2)
    for s in range(n):
        for j in range(row[N_IN]):
            dy[s, j] = two * (y[s, j] - t[s, j]) * dl[s]
