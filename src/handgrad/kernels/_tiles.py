"""Tiles of small products, and pointers moved on: what Numba replaces. Without JIT plain NumPy stands in its place."""

from numba import types
from numba.extending import intrinsic

from handgrad.kernels._emitter import Emitter
from handgrad.kernels._jit import DISABLED


def product_tile(rows, lanes, sums):
    """One tile, ``rows`` x ``lanes`` numbers, of C <- C + scale A B: A (rows, n), B (n, lanes).

    ``c``, ``a``, ``b`` are pointers to the tile's first entries, ``c_row`` etc. the distance from one row to the
    next, ``a_column`` that between two entries of a row of A. ``sums``: independent sums of each entry, where the tile
    alone is too small to keep the processor busy (an addition takes four cycles, and two can begin in each).
    """
    if DISABLED:

        def plain(c, c_row, scale, a, a_row, a_column, b, b_row, n):
            for r in range(rows):
                total = 0 * b[:lanes]
                for j in range(n):
                    total += a[r * a_row + j * a_column] * b[j * b_row : j * b_row + lanes]
                c[r * c_row : r * c_row + lanes] += scale * total

        return plain

    def tile(typingctx, c, c_row, scale, a, a_row, a_column, b, b_row, n):
        def codegen(context, builder, signature, values):
            _emit(Emitter(builder, values[0], lanes), rows, sums, *values)
            return context.get_dummy_value()

        size = types.intp
        return types.none(c, size, c.dtype, a, size, size, b, size, size), codegen

    return intrinsic(tile)


def _emit(e, rows, sums, c, c_row, scale, a, a_row, a_column, b, b_row, n):
    """The instructions of ``product_tile``."""
    totals = [[e.total() for _ in range(sums)] for _ in range(rows)]

    def add_row(j, k):
        row = e.load(b, e.mul(j, b_row))
        for r in range(rows):
            at = e.add(e.mul(r, a_row), e.mul(j, a_column))
            e.add_product(totals[r][k], e.number(a, at), row)

    whole = e.mul(e.builder.sdiv(n, e.integer(sums)), sums)
    with e.loop(0, whole, sums) as j:
        for k in range(sums):
            add_row(e.add(j, k), k)
    with e.loop(whole, n) as j:
        add_row(j, 0)
    for r, (first, *others) in enumerate(totals):
        value = e.value(first)
        for other in others:
            value = e.plus(value, e.value(other))
        at = e.mul(r, c_row)
        e.store(e.plus(e.load(c, at), e.times(e.spread(scale), value)), c, at)


if DISABLED:

    def shift(pointer, offset):
        """The pointer ``offset`` numbers behind another."""
        return pointer[offset:]

else:

    @intrinsic
    def shift(typingctx, pointer, offset):
        """The pointer ``offset`` numbers behind another."""

        def codegen(context, builder, signature, values):
            return builder.gep(values[0], [values[1]])

        return pointer(pointer, types.intp), codegen
