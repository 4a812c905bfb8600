"""Softmax cross-entropy on logits. Equations: ``layers/softmax_cross_entropy.py``.

The probabilities wait in the array of the gradient that the backward pass will write: the same numbers, one place.
"""

from handgrad.kernels._exp import exp, log
from handgrad.kernels._jit import matrix, operation, vector
from handgrad.kernels._rows import AUX, IN, N_IN, OUT
from handgrad.kernels.softmax import largest


@operation
def softmax_cross_entropy_forward(row, n, params, grads, acts, deltas, scalars):
    """z = a - max a, log y = z - log sum exp z, l = - sum t log y, for each of n samples"""
    a = matrix(acts, row[IN], n, row[N_IN])
    t = matrix(acts, row[AUX], n, row[N_IN])
    l = vector(acts, row[OUT], n)  # noqa: E741
    y = matrix(deltas, row[IN], n, row[N_IN])
    # 1, for all samples first: exp is then vectorized however few classes there are
    for s in range(n):
        top = largest(a[s])
        l[s] = top
        for j in range(row[N_IN]):
            y[s, j] = a[s, j] - top
    every = vector(deltas, row[IN], n * row[N_IN])
    for k in range(every.size):
        every[k] = exp(every[k])
    for s in range(n):
        top = l[s]
        # 2
        total = y.dtype.type(0)
        for j in range(row[N_IN]):
            total += y[s, j]
        log_total = log(total)
        # 3
        loss = y.dtype.type(0)
        for j in range(row[N_IN]):
            loss -= t[s, j] * (a[s, j] - top - log_total)
            y[s, j] /= total
        l[s] = loss


@operation
def softmax_cross_entropy_backward(row, n, params, grads, acts, deltas, scalars):
    """da = dl (y sum t - t)"""
    t = matrix(acts, row[AUX], n, row[N_IN])
    dl = vector(deltas, row[OUT], n)
    da = matrix(deltas, row[IN], n, row[N_IN])  # holds y
    for s in range(n):
        total = t.dtype.type(0)
        for j in range(row[N_IN]):
            total += t[s, j]
        for j in range(row[N_IN]):
            da[s, j] = dl[s] * (da[s, j] * total - t[s, j])
