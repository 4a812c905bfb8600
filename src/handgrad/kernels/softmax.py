"""Softmax over the features of each sample. Equations: ``layers/softmax.py``."""

from handgrad.kernels._exp import exp
from handgrad.kernels._jit import kernel, matrix, operation
from handgrad.kernels._rows import IN, N_IN, N_OUT, OUT


@kernel
def largest(a):
    """The largest entry of a vector; NaN if there is one."""
    top = a[0]
    for j in range(1, a.size):
        top = top if a[j] <= top else a[j]
    return top


@operation
def softmax_forward(row, n, params, grads, acts, deltas, scalars):
    """e = exp(a - max a), y = e / sum e"""
    a = matrix(acts, row[IN], n, row[N_IN])
    y = matrix(acts, row[OUT], n, row[N_OUT])
    for s in range(n):
        top = largest(a[s])
        # 1
        for j in range(row[N_OUT]):
            y[s, j] = exp(a[s, j] - top)
        # 2
        total = y.dtype.type(0)
        for j in range(row[N_OUT]):
            total += y[s, j]
        for j in range(row[N_OUT]):
            y[s, j] /= total


@operation
def softmax_backward(row, n, params, grads, acts, deltas, scalars):
    """da = y (dy - sum dy y)"""
    y = matrix(acts, row[OUT], n, row[N_OUT])
    dy = matrix(deltas, row[OUT], n, row[N_OUT])
    da = matrix(deltas, row[IN], n, row[N_IN])
    for s in range(n):
        inner = y.dtype.type(0)
        for j in range(row[N_OUT]):
            inner += dy[s, j] * y[s, j]
        for j in range(row[N_OUT]):
            da[s, j] = y[s, j] * (dy[s, j] - inner)
