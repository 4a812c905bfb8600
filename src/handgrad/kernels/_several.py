"""Matrix times a few vectors, without BLAS: some rows of W stay in the nearest cache while every vector meets them,
eight vectors at a time turned over, so that a register holds one number of all eight, and what is left two by two.

One vector alone goes the way of ``dense.affine``. BLAS copies W into an order of its own first, which takes longer
than the products of fewer than about 20 vectors.
"""

from handgrad.kernels._column_tiles import SIDE
from handgrad.kernels._dense_tiles import square_tile
from handgrad.kernels._jit import kernel, matrix, operation, vector
from handgrad.kernels._rows import GATHERED, IN, N_IN, N_OUT, OUT, PARAM
from handgrad.kernels._small import transpose
from handgrad.kernels._tiles import shift
from handgrad.kernels.dense import affine


@kernel
def affine_rows(n, M, N, W_at, b, x_at, a_at, turned):
    """a = W x + b for each of n vectors x (n, N), to a (n, M), W (M, N); without b (size 0), added to what a holds.
    ``turned``: scratch of SIDE N numbers, where n is at least SIDE."""
    if n == 1:
        a_only = vector(a_at, 0, M)
        affine(matrix(W_at, 0, M, N), b if b.size > 0 else a_only, vector(x_at, 0, N), a_only)
        return
    if b.size > 0:
        for s in range(n):
            to = vector(a_at, s * M, M)
            for i in range(M):
                to[i] = b[i]
    eights = n // SIDE * SIDE
    for s in range(0, eights, SIDE):
        transpose(SIDE, N, turned, shift(x_at, s * N))
        for i in range(0, M - SIDE + 1, SIDE):
            square_tile(shift(a_at, s * M + i), shift(W_at, i * N), turned, M, N)
    if M % SIDE != 0 and eights > 0:
        _two_by_two(eights, M // SIDE * SIDE, M, N, W_at, x_at, a_at)
    if eights < n:
        _two_by_two(n - eights, 0, M, N, W_at, shift(x_at, eights * N), shift(a_at, eights * M))


@kernel
def _two_by_two(n, i, M, N, W_at, x_at, a_at):
    """a <- a + W x for the rows of W from number i on."""
    x, a = matrix(x_at, 0, n, N), matrix(a_at, 0, n, M)
    while i + 4 <= M:
        W = matrix(shift(W_at, i * N), 0, 4, N)
        s = 0
        while s + 2 <= n:
            _four_by_two(W, x, a, i, s, N)
            s += 2
        if s < n:
            _four_by_one(W, x, a, i, s, N)
        i += 4
    while i < M:
        row = vector(W_at, i * N, N)
        for s in range(n):
            total = a[s, i]
            for j in range(N):
                total += row[j] * x[s, j]
            a[s, i] = total
        i += 1


@kernel
def _four_by_two(W, x, a, i, s, N):
    """Eight sums beside each other."""
    zero = a.dtype.type(0)
    p0, p1, p2, p3, q0, q1, q2, q3 = zero, zero, zero, zero, zero, zero, zero, zero
    for j in range(N):
        xp, xq = x[s, j], x[s + 1, j]
        w0, w1, w2, w3 = W[0, j], W[1, j], W[2, j], W[3, j]
        p0 += w0 * xp
        p1 += w1 * xp
        p2 += w2 * xp
        p3 += w3 * xp
        q0 += w0 * xq
        q1 += w1 * xq
        q2 += w2 * xq
        q3 += w3 * xq
    a[s, i] += p0
    a[s, i + 1] += p1
    a[s, i + 2] += p2
    a[s, i + 3] += p3
    a[s + 1, i] += q0
    a[s + 1, i + 1] += q1
    a[s + 1, i + 2] += q2
    a[s + 1, i + 3] += q3


@kernel
def _four_by_one(W, x, a, i, s, N):
    """Four sums beside each other."""
    zero = a.dtype.type(0)
    p0, p1, p2, p3 = zero, zero, zero, zero
    for j in range(N):
        xj = x[s, j]
        p0 += W[0, j] * xj
        p1 += W[1, j] * xj
        p2 += W[2, j] * xj
        p3 += W[3, j] * xj
    a[s, i] += p0
    a[s, i + 1] += p1
    a[s, i + 2] += p2
    a[s, i + 3] += p3


@operation
def dense_forward_step(row, n, params, grads, acts, deltas, scalars):
    """a = W x + b, for one step of n sequences"""
    N, M = row[N_IN], row[N_OUT]
    b = vector(params, row[PARAM] + M * N, M)
    x, a, turned = shift(acts, row[IN]), shift(acts, row[OUT]), shift(acts, row[GATHERED])
    affine_rows(n, M, N, shift(params, row[PARAM]), b, x, a, turned)
