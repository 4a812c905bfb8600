"""Matrix times a few vectors, without BLAS: some rows of W stay in the nearest cache while every vector meets them,
four at a time, so that what a register holds takes part in several products.

One vector alone goes the way of ``dense.affine``. BLAS copies W into an order of its own first, which takes longer
than the products of fewer than about 20 vectors.
"""

from handgrad.kernels._dense_tiles import (
    ROWS,
    row_by_1,
    row_by_2,
    row_by_3,
    row_by_4,
    rows_by_1,
    rows_by_2,
    rows_by_3,
    rows_by_4,
)
from handgrad.kernels._jit import kernel, matrix, operation, pointer, vector
from handgrad.kernels._rows import IN, N_IN, N_OUT, OUT, PARAM, PART, PARTS
from handgrad.kernels._threads import share_of
from handgrad.kernels._tiles import shift
from handgrad.kernels.dense import affine


@kernel
def affine_rows(n, M, N, W_at, b, x_at, a_at):
    """a = W x + b for each of n vectors x (n, N), to a (n, M), W (M, N); without b (size 0), added to what a holds."""
    affine_part(n, 0, M, 1, M, N, W_at, b, x_at, a_at)


@kernel
def affine_part(n, first, count, blocks, M, N, W_at, b, x_at, a_at):
    """The same for ``count`` rows of W from ``first`` on, and as many in the same place of each of its equal blocks."""
    for at in range(first, M, M // blocks):
        W, a = shift(W_at, at * N), shift(a_at, at)
        if n == 1:
            a_only = vector(a, 0, count)
            biases = vector(pointer(b, 0), at, count) if b.size > 0 else a_only
            affine(matrix(W, 0, count, N), biases, vector(x_at, 0, N), a_only)
            continue
        if b.size > 0:
            for s in range(n):
                to = vector(a, s * M, count)
                for i in range(count):
                    to[i] = b[at + i]
        for i in range(0, count - ROWS + 1, ROWS):
            _rows(n, shift(a, i), shift(W, i * N), x_at, M, N)
        for i in range(count // ROWS * ROWS, count):
            _row(n, shift(a, i), shift(W, i * N), x_at, M, N)


@kernel
def _rows(n, a, w, x, M, N):
    """ROWS rows of W with every vector."""
    s = 0
    while s + 4 <= n:
        rows_by_4(shift(a, s * M), w, shift(x, s * N), M, N)
        s += 4
    if s + 3 == n:
        rows_by_3(shift(a, s * M), w, shift(x, s * N), M, N)
    elif s + 2 == n:
        rows_by_2(shift(a, s * M), w, shift(x, s * N), M, N)
    elif s < n:
        rows_by_1(shift(a, s * M), w, shift(x, s * N), M, N)


@kernel
def _row(n, a, w, x, M, N):
    """One row of W with every vector."""
    s = 0
    while s + 4 <= n:
        row_by_4(shift(a, s * M), w, shift(x, s * N), M, N)
        s += 4
    if s + 3 == n:
        row_by_3(shift(a, s * M), w, shift(x, s * N), M, N)
    elif s + 2 == n:
        row_by_2(shift(a, s * M), w, shift(x, s * N), M, N)
    elif s < n:
        row_by_1(shift(a, s * M), w, shift(x, s * N), M, N)


@operation
def dense_forward_step(row, n, params, grads, acts, deltas, scalars):
    """a = W x + b, for one step of n sequences, and for this part of the outputs"""
    N, M = row[N_IN], row[N_OUT]
    first, behind = share_of(M, ROWS, row[PART], row[PARTS])
    b = vector(params, row[PARAM] + M * N, M)
    x, a = shift(acts, row[IN]), shift(acts, row[OUT])
    affine_part(n, first, behind - first, 1, M, N, shift(params, row[PARAM]), b, x, a)
