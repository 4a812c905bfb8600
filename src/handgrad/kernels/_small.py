"""Products of small matrices in vector registers, tile by tile. Arguments are pointers: passing arrays would take
longer than a small product."""

from handgrad.kernels._column_tiles import SIDE, turn_row, turn_square, turn_strip
from handgrad.kernels._jit import kernel
from handgrad.kernels._tiles import product_tile, shift, sum_tile, vector_tile

_4_by_16, _4_by_4, _4_by_1 = product_tile(4, 16, 1), product_tile(4, 4, 1), product_tile(4, 1, 1)
_1_by_16, _1_by_4, _1_by_1 = product_tile(1, 16, 4), product_tile(1, 4, 4), product_tile(1, 1, 4)
_vector_16, _vector_4, _vector_1 = vector_tile(16, 4), vector_tile(4, 4), vector_tile(1, 4)
_2_by_8_columns, _2_by_1_columns = product_tile(2, 8, 2, columnwise=True), product_tile(2, 1, 2, columnwise=True)
_1_by_8_columns, _1_by_1_columns = product_tile(1, 8, 4, columnwise=True), product_tile(1, 1, 4, columnwise=True)
_sum_16, _sum_4, _sum_1 = sum_tile(16, 2), sum_tile(4, 4), sum_tile(1, 4)


@kernel
def add_product(M, N, n, scale, c, a, a_row, a_column, b):
    """C <- C + scale A B, for C (M, N) and B (n, N), row by row in memory, and A (M, n), of which ``a_row`` and
    ``a_column`` are the strides."""
    product(M, N, n, scale, c, c, N, a, a_row, a_column, b)


@kernel
def product(M, N, n, scale, c, s, s_row, a, a_row, a_column, b):
    """C <- S + scale A B: the same with S (M, N), whose rows are ``s_row`` apart; 0: one row for all."""
    i = 0
    while i + 4 <= M:
        c_i, s_i, a_i, j = shift(c, i * N), shift(s, i * s_row), shift(a, i * a_row), 0
        while j + 16 <= N:
            _4_by_16(shift(c_i, j), shift(s_i, j), a_i, shift(b, j), scale, N, s_row, a_row, a_column, N, n)
            j += 16
        while j + 4 <= N:
            _4_by_4(shift(c_i, j), shift(s_i, j), a_i, shift(b, j), scale, N, s_row, a_row, a_column, N, n)
            j += 4
        while j < N:
            _4_by_1(shift(c_i, j), shift(s_i, j), a_i, shift(b, j), scale, N, s_row, a_row, a_column, N, n)
            j += 1
        i += 4
    while i < M:
        _vector_product(N, n, scale, shift(c, i * N), shift(s, i * s_row), shift(a, i * a_row), a_column, b)
        i += 1


@kernel
def add_vector_product(N, n, c, a, a_column, b):
    """c <- c + a B, for c (N,), a (n,) and B (n, N)."""
    j = 0
    while j + 16 <= N:
        _vector_16(shift(c, j), shift(c, j), a, shift(b, j), a_column, N, n)
        j += 16
    while j + 4 <= N:
        _vector_4(shift(c, j), shift(c, j), a, shift(b, j), a_column, N, n)
        j += 4
    while j < N:
        _vector_1(shift(c, j), shift(c, j), a, shift(b, j), a_column, N, n)
        j += 1


@kernel
def _vector_product(N, n, scale, c, s, a, a_column, b):
    """c <- s + scale a B"""
    j = 0
    while j + 16 <= N:
        _1_by_16(shift(c, j), shift(s, j), a, shift(b, j), scale, N, 0, 0, a_column, N, n)
        j += 16
    while j + 4 <= N:
        _1_by_4(shift(c, j), shift(s, j), a, shift(b, j), scale, N, 0, 0, a_column, N, n)
        j += 4
    while j < N:
        _1_by_1(shift(c, j), shift(s, j), a, shift(b, j), scale, N, 0, 0, a_column, N, n)
        j += 1


@kernel
def add_narrow_product(M, N, n, scale, c, a, b):
    """C <- C + scale A^T B for a C (M, N) of few columns, A (n, M) and B (n, N), all row by row: registers hold columns
    of C."""
    j = 0
    while j + 2 <= N:
        c_j, b_j, i = shift(c, j), shift(b, j), 0
        while i + 8 <= M:
            to = shift(c_j, i * N)
            _2_by_8_columns(to, to, b_j, shift(a, i), scale, N, N, 1, N, M, n)
            i += 8
        while i < M:
            to = shift(c_j, i * N)
            _2_by_1_columns(to, to, b_j, shift(a, i), scale, N, N, 1, N, M, n)
            i += 1
        j += 2
    if j < N:
        c_j, b_j, i = shift(c, j), shift(b, j), 0
        while i + 8 <= M:
            to = shift(c_j, i * N)
            _1_by_8_columns(to, to, b_j, shift(a, i), scale, N, N, 1, N, M, n)
            i += 8
        while i < M:
            to = shift(c_j, i * N)
            _1_by_1_columns(to, to, b_j, shift(a, i), scale, N, N, 1, N, M, n)
            i += 1


@kernel
def add_sum(N, n, scale, c, b):
    """c <- c + scale * the sum of the rows of B, for c (N,) and B (n, N)."""
    j = 0
    while j + 16 <= N:
        _sum_16(shift(c, j), shift(b, j), scale, N, n)
        j += 16
    while j + 4 <= N:
        _sum_4(shift(c, j), shift(b, j), scale, N, n)
        j += 4
    while j < N:
        _sum_1(shift(c, j), shift(b, j), scale, N, n)
        j += 1


@kernel
def transpose(M, N, b, a):
    """B = A^T, for A (M, N) and B (N, M), row by row in memory."""
    i = 0
    while i + SIDE <= M:
        a_i, b_i, j = shift(a, i * N), shift(b, i), 0
        while j + SIDE <= N:
            turn_square(shift(b_i, j * M), shift(a_i, j), M, N)
            j += SIDE
        turn_strip(shift(b_i, j * M), shift(a_i, j), M, N, N - j)
        i += SIDE
    while i < M:
        turn_row(shift(b, i), shift(a, i * N), M, N, N)
        i += 1
