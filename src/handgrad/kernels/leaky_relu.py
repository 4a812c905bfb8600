"""Leaky rectified linear unit; its slope is the constant of its row. Equations: ``layers/leaky_relu.py``."""

from handgrad.kernels._jit import operation, vector
from handgrad.kernels._rows import IN, N_IN, N_OUT, OUT, SCALAR


@operation
def leaky_relu_forward(row, n, params, grads, acts, deltas, scalars):
    """y = a where a > 0, else s a"""
    a = vector(acts, row[IN], n * row[N_IN])
    y = vector(acts, row[OUT], n * row[N_OUT])
    s = vector(scalars, row[SCALAR], 1)[0]
    zero = a.dtype.type(0)
    for i in range(a.size):
        y[i] = a[i] if a[i] > zero else s * a[i]


@operation
def leaky_relu_backward(row, n, params, grads, acts, deltas, scalars):
    """da = dy where a > 0, else s dy"""
    a = vector(acts, row[IN], n * row[N_IN])
    dy = vector(deltas, row[OUT], n * row[N_OUT])
    da = vector(deltas, row[IN], n * row[N_IN])
    s = vector(scalars, row[SCALAR], 1)[0]
    zero = a.dtype.type(0)
    for i in range(a.size):
        da[i] = dy[i] if a[i] > zero else s * dy[i]
