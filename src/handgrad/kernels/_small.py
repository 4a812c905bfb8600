"""Products of small matrices in vector registers, tile by tile."""

from handgrad.kernels._jit import kernel
from handgrad.kernels._tiles import product_tile, shift

_4_by_16, _4_by_4, _4_by_1 = product_tile(4, 16, 1), product_tile(4, 4, 1), product_tile(4, 1, 1)
_1_by_16, _1_by_4, _1_by_1 = product_tile(1, 16, 4), product_tile(1, 4, 4), product_tile(1, 1, 4)


@kernel
def add_product(M, N, n, scale, c, a, a_row, a_column, b):
    """C <- C + scale A B, for C (M, N) and B (n, N), row by row in memory, and A (M, n), of which ``a_row`` and
    ``a_column`` are the strides. All are pointers: passing arrays would take longer than a small product."""
    i = 0
    while i + 4 <= M:
        c_i, a_i, j = shift(c, i * N), shift(a, i * a_row), 0
        while j + 16 <= N:
            _4_by_16(shift(c_i, j), N, scale, a_i, a_row, a_column, shift(b, j), N, n)
            j += 16
        while j + 4 <= N:
            _4_by_4(shift(c_i, j), N, scale, a_i, a_row, a_column, shift(b, j), N, n)
            j += 4
        while j < N:
            _4_by_1(shift(c_i, j), N, scale, a_i, a_row, a_column, shift(b, j), N, n)
            j += 1
        i += 4
    while i < M:
        add_vector_product(N, n, scale, shift(c, i * N), shift(a, i * a_row), a_column, b)
        i += 1


@kernel
def add_vector_product(N, n, scale, c, a, a_column, b):
    """c <- c + scale a B, for c (N,), a (n,) and B (n, N); see ``add_product``."""
    j = 0
    while j + 16 <= N:
        _1_by_16(shift(c, j), N, scale, a, 0, a_column, shift(b, j), N, n)
        j += 16
    while j + 4 <= N:
        _1_by_4(shift(c, j), N, scale, a, 0, a_column, shift(b, j), N, n)
        j += 4
    while j < N:
        _1_by_1(shift(c, j), N, scale, a, 0, a_column, shift(b, j), N, n)
        j += 1
