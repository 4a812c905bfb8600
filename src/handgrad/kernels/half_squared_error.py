"""Half the squared error. Equations: ``layers/half_squared_error.py``."""

from handgrad.kernels._jit import matrix, operation, vector
from handgrad.kernels._rows import AUX, IN, N_IN, OUT


@operation
def half_squared_error_forward(row, n, params, grads, acts, deltas, scalars):
    """l = 1/2 sum (y - t)^2, for each of n samples"""
    y = matrix(acts, row[IN], n, row[N_IN])
    t = matrix(acts, row[AUX], n, row[N_IN])
    l = vector(acts, row[OUT], n)  # noqa: E741
    for s in range(n):
        total = y.dtype.type(0)
        for j in range(row[N_IN]):
            e = y[s, j] - t[s, j]
            total += e * e
        l[s] = total / y.dtype.type(2)


@operation
def half_squared_error_backward(row, n, params, grads, acts, deltas, scalars):
    """dy = (y - t) dl"""
    y = matrix(acts, row[IN], n, row[N_IN])
    t = matrix(acts, row[AUX], n, row[N_IN])
    dl = vector(deltas, row[OUT], n)
    dy = matrix(deltas, row[IN], n, row[N_IN])
    for s in range(n):
        for j in range(row[N_IN]):
            dy[s, j] = (y[s, j] - t[s, j]) * dl[s]
