"""Rectified linear unit. Equations: ``layers/relu.py``."""

from handgrad.kernels._jit import operation, vector
from handgrad.kernels._rows import IN, N_IN, N_OUT, OUT


@operation
def relu_forward(row, n, params, grads, acts, deltas, scalars):
    """y = max(a, 0)"""
    a = vector(acts, row[IN], n * row[N_IN])
    y = vector(acts, row[OUT], n * row[N_OUT])
    zero = y.dtype.type(0)
    for i in range(a.size):
        y[i] = zero if a[i] < zero else a[i]  # a NaN stays one


@operation
def relu_backward(row, n, params, grads, acts, deltas, scalars):
    """da = dy where y > 0"""
    y = vector(acts, row[OUT], n * row[N_OUT])
    dy = vector(deltas, row[OUT], n * row[N_OUT])
    da = vector(deltas, row[IN], n * row[N_IN])
    zero = y.dtype.type(0)
    for i in range(y.size):
        da[i] = dy[i] if y[i] > zero else zero
