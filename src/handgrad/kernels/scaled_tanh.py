"""LeCun's scaled hyperbolic tangent. Equations: ``layers/scaled_tanh.py``."""

from handgrad.kernels._exp import tanh
from handgrad.kernels._jit import operation, vector
from handgrad.kernels._rows import IN, N_IN, N_OUT, OUT
from handgrad.layers.scaled_tanh import A, S


@operation
def scaled_tanh_forward(row, n, params, grads, acts, deltas, scalars):
    """y = A tanh(S a)"""
    a = vector(acts, row[IN], n * row[N_IN])
    y = vector(acts, row[OUT], n * row[N_OUT])
    height = y.dtype.type(A)
    slope = y.dtype.type(S)
    for i in range(a.size):
        y[i] = height * tanh(slope * a[i])


@operation
def scaled_tanh_backward(row, n, params, grads, acts, deltas, scalars):
    """da = dy S (A - y^2 / A)"""
    y = vector(acts, row[OUT], n * row[N_OUT])
    dy = vector(deltas, row[OUT], n * row[N_OUT])
    da = vector(deltas, row[IN], n * row[N_IN])
    height = y.dtype.type(A)
    slope = y.dtype.type(S)
    for i in range(y.size):
        da[i] = dy[i] * slope * (height - y[i] * y[i] / height)
