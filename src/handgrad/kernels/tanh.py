"""Hyperbolic tangent. Equations: ``layers/tanh.py``."""

from handgrad.kernels._exp import tanh
from handgrad.kernels._jit import operation, vector
from handgrad.kernels._rows import IN, N_IN, N_OUT, OUT


@operation
def tanh_forward(row, n, params, grads, acts, deltas, scalars):
    """y = tanh(a)"""
    a = vector(acts, row[IN], n * row[N_IN])
    y = vector(acts, row[OUT], n * row[N_OUT])
    for i in range(a.size):
        y[i] = tanh(a[i])


@operation
def tanh_backward(row, n, params, grads, acts, deltas, scalars):
    """da = dy (1 - y^2)"""
    y = vector(acts, row[OUT], n * row[N_OUT])
    dy = vector(deltas, row[OUT], n * row[N_OUT])
    da = vector(deltas, row[IN], n * row[N_IN])
    one = y.dtype.type(1)
    for i in range(y.size):
        da[i] = dy[i] * (one - y[i] * y[i])
