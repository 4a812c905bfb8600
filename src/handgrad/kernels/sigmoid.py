"""Logistic sigmoid. Equations: ``layers/sigmoid.py``."""

from handgrad.kernels._exp import exp
from handgrad.kernels._jit import operation, vector
from handgrad.kernels._rows import IN, N_IN, N_OUT, OUT


@operation
def sigmoid_forward(row, n, params, grads, acts, deltas, scalars):
    """y = 1 / (1 + exp(-a))"""
    a = vector(acts, row[IN], n * row[N_IN])
    y = vector(acts, row[OUT], n * row[N_OUT])
    one = y.dtype.type(1)
    for i in range(a.size):
        y[i] = one / (one + exp(-a[i]))


@operation
def sigmoid_backward(row, n, params, grads, acts, deltas, scalars):
    """da = dy y (1 - y)"""
    y = vector(acts, row[OUT], n * row[N_OUT])
    dy = vector(deltas, row[OUT], n * row[N_OUT])
    da = vector(deltas, row[IN], n * row[N_IN])
    one = y.dtype.type(1)
    for i in range(y.size):
        da[i] = dy[i] * y[i] * (one - y[i])
