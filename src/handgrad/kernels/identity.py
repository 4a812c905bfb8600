"""Identity. Equations: ``layers/identity.py``."""

from handgrad.kernels._jit import operation, vector
from handgrad.kernels._rows import IN, N_IN, N_OUT, OUT


@operation
def identity_forward(row, n, params, grads, acts, deltas, scalars):
    """y = a"""
    a = vector(acts, row[IN], n * row[N_IN])
    y = vector(acts, row[OUT], n * row[N_OUT])
    for i in range(a.size):
        y[i] = a[i]


@operation
def identity_backward(row, n, params, grads, acts, deltas, scalars):
    """da = dy"""
    dy = vector(deltas, row[OUT], n * row[N_OUT])
    da = vector(deltas, row[IN], n * row[N_IN])
    for i in range(dy.size):
        da[i] = dy[i]
