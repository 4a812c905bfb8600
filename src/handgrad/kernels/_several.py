"""Matrix times a few vectors, without BLAS: some rows of W stay in the nearest cache while every vector meets them.

Eight vectors at a time are turned over, so that a register holds one number of all eight. Those that are left are taken
up to four at a time with three rows of W, so that what a register holds takes part in several products. One vector
alone goes the way of ``dense.affine``. BLAS copies W into an order of its own first, which takes longer than the
products of fewer than about 20 vectors.
"""

from handgrad.kernels._column_tiles import SIDE
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
    square_tile,
)
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
    if n == 1:
        for at in range(first, M, M // blocks):
            a = vector(a_at, at, count)
            biases = vector(pointer(b, 0), at, count) if b.size > 0 else a
            affine(matrix(W_at, at * N, count, N), biases, vector(x_at, 0, N), a)
        return
    for at in range(first, M, M // blocks):
        for s in range(n if b.size > 0 else 0):
            a = vector(a_at, s * M + at, count)
            for i in range(count):
                a[i] = b[at + i]
    eights = n // SIDE * SIDE
    for s in range(0, eights, SIDE):
        transpose(SIDE, N, turned, shift(x_at, s * N))
        for at in range(first, M, M // blocks):
            _squares(count, shift(a_at, s * M + at), shift(W_at, at * N), shift(x_at, s * N), turned, M, N)
    if eights < n:
        x, a_rest = shift(x_at, eights * N), shift(a_at, eights * M)
        for at in range(first, M, M // blocks):
            for i in range(at, at + count - ROWS + 1, ROWS):
                _rows(n - eights, shift(a_rest, i), shift(W_at, i * N), x, M, N)
            for i in range(at + count // ROWS * ROWS, at + count):
                _row(n - eights, shift(a_rest, i), shift(W_at, i * N), x, M, N)


@kernel
def _squares(count, a, w, x, turned, M, N):
    """``count`` rows of W with SIDE vectors, SIDE rows at a time."""
    for i in range(0, count - SIDE + 1, SIDE):
        square_tile(shift(a, i), shift(w, i * N), turned, M, N)
    for i in range(count // SIDE * SIDE, count):
        _row(SIDE, shift(a, i), shift(w, i * N), x, M, N)


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
    first, behind = share_of(M, SIDE, row[PART], row[PARTS])
    b = vector(params, row[PARAM] + M * N, M)
    x, a, turned = shift(acts, row[IN]), shift(acts, row[OUT]), shift(acts, row[GATHERED] + row[PART] * SIDE * N)
    affine_part(n, first, behind - first, 1, M, N, shift(params, row[PARAM]), b, x, a, turned)
