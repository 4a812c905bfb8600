"""Sigmoid cross-entropy on logits. Equations: ``layers/sigmoid_cross_entropy.py``."""

import numpy as np

from handgrad.kernels._exp import exp
from handgrad.kernels._jit import matrix, operation, vector
from handgrad.kernels._rows import AUX, IN, N_IN, OUT


@operation
def sigmoid_cross_entropy_forward(row, n, params, grads, acts, deltas, scalars):
    """l = sum max(a, 0) - a t + log(1 + exp(-|a|)), for each of n samples"""
    a = matrix(acts, row[IN], n, row[N_IN])
    t = matrix(acts, row[AUX], n, row[N_IN])
    l = vector(acts, row[OUT], n)  # noqa: E741
    zero = a.dtype.type(0)
    for s in range(n):
        total = zero
        for j in range(row[N_IN]):
            positive = zero if a[s, j] < zero else a[s, j]
            total += positive - a[s, j] * t[s, j] + np.log1p(exp(-abs(a[s, j])))
        l[s] = total


@operation
def sigmoid_cross_entropy_backward(row, n, params, grads, acts, deltas, scalars):
    """da = dl (y - t), y = 1 / (1 + exp(-a))"""
    a = matrix(acts, row[IN], n, row[N_IN])
    t = matrix(acts, row[AUX], n, row[N_IN])
    dl = vector(deltas, row[OUT], n)
    da = matrix(deltas, row[IN], n, row[N_IN])
    one = a.dtype.type(1)
    for s in range(n):
        for j in range(row[N_IN]):
            da[s, j] = dl[s] * (one / (one + exp(-a[s, j])) - t[s, j])
