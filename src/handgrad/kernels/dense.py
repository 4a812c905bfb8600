"""Dense layer. Equations: ``layers/dense.py``.

Two forms. For batches the products are BLAS calls. One sample at a time (``_one``), a BLAS call costs more than the
product: there four rows of W are read together, and the plain SGD step of online training is taken in the same pass
over W that sends the gradient back, so that W is read once and written once.
"""

import numpy as np

from handgrad.kernels._column_tiles import SIDE
from handgrad.kernels._dense_tiles import affine_tile
from handgrad.kernels._jit import kernel, matrix, operation, pointer, vector
from handgrad.kernels._rows import IN, LEARNING_RATE, N_IN, N_OUT, NEEDS_DX, OUT, PARAM
from handgrad.kernels._small import add_product, add_sum, add_vector_product
from handgrad.kernels._tiles import shift


@operation
def dense_forward(row, n, params, grads, acts, deltas, scalars):
    """a = W x + b, for n samples"""
    N, M = row[N_IN], row[N_OUT]
    W = matrix(params, row[PARAM], M, N)
    b = vector(params, row[PARAM] + M * N, M)
    x = matrix(acts, row[IN], n, N)
    a = matrix(acts, row[OUT], n, M)
    np.dot(x, W.T, a)
    for s in range(n):
        for i in range(M):
            a[s, i] += b[i]


@operation
def dense_backward(row, n, params, grads, acts, deltas, scalars):
    """dW = da x^T, db = sum of da over the samples, dx = W^T da"""
    N, M = row[N_IN], row[N_OUT]
    W = matrix(params, row[PARAM], M, N)
    dW = matrix(grads, row[PARAM], M, N)
    db = vector(grads, row[PARAM] + M * N, M)
    x = matrix(acts, row[IN], n, N)
    da = matrix(deltas, row[OUT], n, M)
    np.dot(da.T, x, dW)
    db[:] = 0
    for s in range(n):
        for i in range(M):
            db[i] += da[s, i]
    if row[NEEDS_DX]:
        np.dot(da, W, matrix(deltas, row[IN], n, N))


@operation
def dense_forward_one(row, n, params, grads, acts, deltas, scalars):
    """a = W x + b, for one sample after the other"""
    N, M = row[N_IN], row[N_OUT]
    W = matrix(params, row[PARAM], M, N)
    b = vector(params, row[PARAM] + M * N, M)
    if N != 2:
        affine_of_all(M, N, n, pointer(W, 0), pointer(b, 0), shift(acts, row[IN]), shift(acts, row[OUT]))
        return
    for s in range(n):
        x, a = vector(acts, row[IN] + s * N, N), vector(acts, row[OUT] + s * M, M)
        affine_of_two(vector(params, row[PARAM], 2 * M), b, x, a)


@kernel
def affine_of_all(M, N, n, W, b, x, a):
    """a = W x + b of n samples, for W (M, N), eight samples at a time. All arrays are pointers."""
    s = 0
    while s + SIDE <= n:
        for i in range(M):
            affine_tile(shift(a, s * M + i), shift(W, i * N), shift(x, s * N), shift(b, i), M, N, N)
        s += SIDE
    while s < n:
        affine(matrix(W, 0, M, N), vector(b, 0, M), vector(x, s * N, N), vector(a, s * M, M))
        s += 1


@kernel
def affine(W, b, x, a):
    """a = W x + b, four rows of W at a time: x is read a quarter as often, and four sums run beside each other."""
    M, N = W.shape
    i = 0
    while i + 4 <= M:
        a0, a1, a2, a3 = b[i], b[i + 1], b[i + 2], b[i + 3]
        for j in range(N):
            xj = x[j]
            a0 += W[i, j] * xj
            a1 += W[i + 1, j] * xj
            a2 += W[i + 2, j] * xj
            a3 += W[i + 3, j] * xj
        a[i], a[i + 1], a[i + 2], a[i + 3] = a0, a1, a2, a3
        i += 4
    while i < M:
        a0 = b[i]
        for j in range(N):
            a0 += W[i, j] * x[j]
        a[i] = a0
        i += 1


@kernel
def affine_of_two(W, b, x, a):
    """a = W x + b for two inputs (points in the plane), W as one vector: vectorized over the rows, five times faster
    than row by row, where a row is shorter than a vector register."""
    x0, x1 = x[0], x[1]
    for i in range(b.size):
        a[i] = b[i] + W[2 * i] * x0 + W[2 * i + 1] * x1


@operation
def dense_backward_one(row, n, params, grads, acts, deltas, scalars):
    """dW = da x^T, db = da, dx = W^T da, for one sample"""
    N, M = row[N_IN], row[N_OUT]
    W = matrix(params, row[PARAM], M, N)
    dW = matrix(grads, row[PARAM], M, N)
    db = vector(grads, row[PARAM] + M * N, M)
    x = vector(acts, row[IN], N)
    da = vector(deltas, row[OUT], M)
    for i in range(M):
        d = da[i]
        db[i] = d
        for j in range(N):
            dW[i, j] = d * x[j]
    if row[NEEDS_DX]:
        dx = vector(deltas, row[IN], N)
        dx[:] = 0
        for i in range(M):
            d = da[i]
            for j in range(N):
                dx[j] += W[i, j] * d


@operation
def dense_backward_steps(row, n, params, grads, acts, deltas, scalars):
    """dW = da x^T, db = sum of da, dx = W^T da, for the n steps of one sequence"""
    N, M = row[N_IN], row[N_OUT]
    every, x, da = vector(grads, row[PARAM], M * N + M), shift(acts, row[IN]), shift(deltas, row[OUT])
    one = every.dtype.type(1)
    clear(every)
    if row[NEEDS_DX]:
        send_back(M, N, n, shift(params, row[PARAM]), da, shift(deltas, row[IN]))
    add_outer(M, N, n, one, pointer(every, 0), da, x)
    add_samples(M, n, one, pointer(every, M * N), da)


@operation
def dense_backward_sgd_steps(row, n, params, grads, acts, deltas, scalars):
    """The same for plain SGD: first every dx, then the step, W <- W - eta da x^T, b <- b - eta sum of da"""
    N, M = row[N_IN], row[N_OUT]
    W, x, da = shift(params, row[PARAM]), shift(acts, row[IN]), shift(deltas, row[OUT])
    eta = vector(scalars, LEARNING_RATE, 1)[0]
    if row[NEEDS_DX]:
        send_back(M, N, n, W, da, shift(deltas, row[IN]))
    add_outer(M, N, n, -eta, W, da, x)
    add_samples(M, n, -eta, shift(W, M * N), da)


@kernel
def send_back(M, N, n, W, da, dx):
    """dx = W^T da of n samples, for W (M, N). All arrays are pointers, here and in what follows."""
    every = vector(dx, 0, n * N)
    clear(every)
    if M * N <= NEAR:
        add_product(n, N, M, every.dtype.type(1), dx, da, M, 1, W)
        return
    for s in range(n):
        add_combination(M, N, W, shift(da, s * M), shift(dx, s * N))


@kernel
def clear(a):
    """Zeros; as a slice assignment it would take longer to run, and much longer to compile."""
    for i in range(a.size):
        a[i] = 0


@kernel
def add_combination(M, N, W_at, d_at, dx_at):
    """dx <- dx + W^T d: the sums in registers where W lies in the nearest cache, else four rows of W at a time."""
    if M * N <= NEAR:
        add_vector_product(N, M, dx_at, d_at, 1, W_at)
        return
    W, d, dx = matrix(W_at, 0, M, N), vector(d_at, 0, M), vector(dx_at, 0, N)
    i = 0
    while i + 4 <= M:
        d0, d1, d2, d3 = d[i], d[i + 1], d[i + 2], d[i + 3]
        for j in range(N):
            dx[j] += (d0 * W[i, j] + d1 * W[i + 1, j]) + (d2 * W[i + 2, j] + d3 * W[i + 3, j])
        i += 4
    while i < M:
        d0 = d[i]
        for j in range(N):
            dx[j] += d0 * W[i, j]
        i += 1


NEAR = 8192  # numbers of a matrix that fits the nearest cache
_BLOCK = 32  # samples whose inputs stay in the nearest cache while every row of W passes by


@kernel
def add_outer(M, N, n, scale, W, da, x):
    """W <- W + scale sum over n samples of da x^T: every row of W is read and written once for 32 samples."""
    for first in range(0, n, _BLOCK):
        some = min(_BLOCK, n - first)
        add_product(M, N, some, scale, W, shift(da, first * M), 1, M, shift(x, first * N))


@kernel
def add_samples(M, n, scale, b, da):
    """b <- b + scale sum over n samples of da."""
    for first in range(0, n, _BLOCK):
        add_sum(M, min(_BLOCK, n - first), scale, b, shift(da, first * M))


@operation
def dense_backward_sgd(row, n, params, grads, acts, deltas, scalars):
    """dx = W^T da, W <- W - eta da x^T, b <- b - eta da, for one sample: the gradient of W is never stored"""
    N, M = row[N_IN], row[N_OUT]
    W = matrix(params, row[PARAM], M, N)
    b = vector(params, row[PARAM] + M * N, M)
    x = vector(acts, row[IN], N)
    da = vector(deltas, row[OUT], M)
    eta = vector(scalars, LEARNING_RATE, 1)[0]
    if row[NEEDS_DX]:
        _step_and_send_back(W, b, x, da, vector(deltas, row[IN], N), eta)
    elif N == 2:
        _step_of_two(vector(params, row[PARAM], 2 * M), b, x, da, eta)
    else:
        _step(W, b, x, da, eta)


@kernel
def _step_and_send_back(W, b, x, da, dx, eta):
    """dx = W^T da with the old W; W <- W - eta da x^T; b <- b - eta da: four rows of W in one pass."""
    M, N = W.shape
    dx[:] = 0
    i = 0
    while i + 4 <= M:
        d0, d1, d2, d3 = da[i], da[i + 1], da[i + 2], da[i + 3]
        e0, e1, e2, e3 = eta * d0, eta * d1, eta * d2, eta * d3
        for j in range(N):
            xj = x[j]
            w0, w1, w2, w3 = W[i, j], W[i + 1, j], W[i + 2, j], W[i + 3, j]
            dx[j] += w0 * d0 + w1 * d1 + w2 * d2 + w3 * d3
            W[i, j] = w0 - e0 * xj
            W[i + 1, j] = w1 - e1 * xj
            W[i + 2, j] = w2 - e2 * xj
            W[i + 3, j] = w3 - e3 * xj
        b[i] -= e0
        b[i + 1] -= e1
        b[i + 2] -= e2
        b[i + 3] -= e3
        i += 4
    while i < M:
        d0 = da[i]
        e0 = eta * d0
        for j in range(N):
            w0 = W[i, j]
            dx[j] += w0 * d0
            W[i, j] = w0 - e0 * x[j]
        b[i] -= e0
        i += 1


@kernel
def _step(W, b, x, da, eta):
    """W <- W - eta da x^T, b <- b - eta da, where nobody asks for dx: four rows of W in one pass."""
    M, N = W.shape
    i = 0
    while i + 4 <= M:
        e0, e1, e2, e3 = eta * da[i], eta * da[i + 1], eta * da[i + 2], eta * da[i + 3]
        for j in range(N):
            xj = x[j]
            W[i, j] -= e0 * xj
            W[i + 1, j] -= e1 * xj
            W[i + 2, j] -= e2 * xj
            W[i + 3, j] -= e3 * xj
        b[i] -= e0
        b[i + 1] -= e1
        b[i + 2] -= e2
        b[i + 3] -= e3
        i += 4
    while i < M:
        e0 = eta * da[i]
        for j in range(N):
            W[i, j] -= e0 * x[j]
        b[i] -= e0
        i += 1


@kernel
def _step_of_two(W, b, x, da, eta):
    """W <- W - eta da x^T, b <- b - eta da for two inputs, W as one vector: see affine_of_two."""
    x0, x1 = x[0], x[1]
    for i in range(b.size):
        e = eta * da[i]
        W[2 * i] -= e * x0
        W[2 * i + 1] -= e * x1
        b[i] -= e
