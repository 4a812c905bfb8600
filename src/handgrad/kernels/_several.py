"""Matrix times a few vectors, without BLAS: some rows of W stay in the nearest cache while every vector meets them,
eight vectors at a time turned over, so that a register holds one number of all eight, and what is left two by two.

One vector alone goes the way of ``dense.affine``. BLAS copies W into an order of its own first, which takes longer
than the products of fewer than about 20 vectors.
"""

from handgrad.kernels._column_tiles import SIDE
from handgrad.kernels._dense_tiles import square_tile
from handgrad.kernels._jit import kernel, matrix, operation, pointer, vector
from handgrad.kernels._rows import GATHERED, IN, N_IN, N_OUT, OUT, PARAM, PART, PARTS
from handgrad.kernels._small import transpose
from handgrad.kernels._threads import share_of
from handgrad.kernels._tiles import shift
from handgrad.kernels.dense import affine


@kernel
def affine_rows(n, M, N, W_at, b, x_at, a_at, turned):
    """a = W x + b for each of n vectors x (n, N), to a (n, M), W (M, N); without b (size 0), added to what a holds.
    ``turned``: scratch of SIDE N numbers, where n is at least SIDE."""
    affine_part(n, 0, M, 1, M, N, W_at, b, x_at, a_at, turned)


@kernel
def affine_part(n, first, count, blocks, M, N, W_at, b, x_at, a_at, turned):
    """The same for ``count`` rows of W from ``first`` on, and as many in the same place of each of its equal blocks."""
    eights = n // SIDE * SIDE if n > 1 else 0
    for at in range(first, M, M // blocks):
        if n == 1:
            a_only = vector(a_at, at, count)
            biases = vector(pointer(b, 0), at, count) if b.size > 0 else a_only
            affine(matrix(W_at, at * N, count, N), biases, vector(x_at, 0, N), a_only)
        elif b.size > 0:
            for s in range(n):
                to = vector(a_at, s * M, M)
                for i in range(at, at + count):
                    to[i] = b[i]
    for s in range(0, eights, SIDE):
        transpose(SIDE, N, turned, shift(x_at, s * N))
        for at in range(first, M, M // blocks):
            for i in range(at, at + count - SIDE + 1, SIDE):
                square_tile(shift(a_at, s * M + i), shift(W_at, i * N), turned, M, N)
    for at in range(first, M, M // blocks):
        behind = at + count
        if count % SIDE != 0 and eights > 0:
            _two_by_two(eights, behind - count % SIDE, behind, M, N, W_at, x_at, a_at)
        if n > 1 and eights < n:
            _two_by_two(n - eights, at, behind, M, N, W_at, shift(x_at, eights * N), shift(a_at, eights * M))


@kernel
def _two_by_two(n, i, behind, M, N, W_at, x_at, a_at):
    """a <- a + W x for some rows of W."""
    x, a = matrix(x_at, 0, n, N), matrix(a_at, 0, n, M)
    while i + 4 <= behind:
        W = matrix(shift(W_at, i * N), 0, 4, N)
        s = 0
        while s + 2 <= n:
            _four_by_two(W, x, a, i, s, N)
            s += 2
        if s < n:
            _four_by_one(W, x, a, i, s, N)
        i += 4
    while i < behind:
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
    """a = W x + b, for one step of n sequences, and for this part of the outputs"""
    N, M = row[N_IN], row[N_OUT]
    first, behind = share_of(M, SIDE, row[PART], row[PARTS])
    b = vector(params, row[PARAM] + M * N, M)
    x, a, turned = shift(acts, row[IN]), shift(acts, row[OUT]), shift(acts, row[GATHERED] + row[PART] * SIDE * N)
    affine_part(n, first, behind - first, 1, M, N, shift(params, row[PARAM]), b, x, a, turned)
