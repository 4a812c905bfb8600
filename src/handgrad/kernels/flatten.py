"""The maps of a sample as one vector. Equations: ``layers/flatten.py``.

In batches samples that lay side by side are put one after the other; one sample at a time they are already.
"""

from handgrad.kernels._images import copy
from handgrad.kernels._jit import operation, vector
from handgrad.kernels._rows import IN, LANES, N_IN, OUT
from handgrad.kernels._tiles import shift


@operation
def flatten_forward(row, n, params, grads, acts, deltas, scalars):
    """y[s] = x of sample s, from blocks of LANES samples"""
    N = row[N_IN]
    for s in range(n):
        x = vector(acts, row[IN] + s // LANES * LANES * N, LANES * N)
        y = vector(acts, row[OUT] + s * N, N)
        lane = s % LANES
        for k in range(N):
            y[k] = x[k * LANES + lane]


@operation
def flatten_backward(row, n, params, grads, acts, deltas, scalars):
    """dx of sample s = dy[s], and 0 for what fills up the last block"""
    N = row[N_IN]
    for s in range((n + LANES - 1) // LANES * LANES):
        dx = vector(deltas, row[IN] + s // LANES * LANES * N, LANES * N)
        lane = s % LANES
        if s < n:
            dy = vector(deltas, row[OUT] + s * N, N)
            for k in range(N):
                dx[k * LANES + lane] = dy[k]
        else:
            for k in range(N):
                dx[k * LANES + lane] = 0


@operation
def flatten_forward_one(row, n, params, grads, acts, deltas, scalars):
    """y = x"""
    size = n * row[N_IN]
    copy(vector(shift(acts, row[OUT]), 0, size), vector(shift(acts, row[IN]), 0, size))


@operation
def flatten_backward_one(row, n, params, grads, acts, deltas, scalars):
    """dx = dy"""
    size = n * row[N_IN]
    copy(vector(shift(deltas, row[IN]), 0, size), vector(shift(deltas, row[OUT]), 0, size))
