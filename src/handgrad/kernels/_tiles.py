"""Tiles of small products, and pointers moved on: what Numba replaces. Without JIT plain NumPy stands in its place."""

from numba import types
from numba.extending import intrinsic

from handgrad.kernels._emitter import tile
from handgrad.kernels._jit import DISABLED

KNOWN = 16  # a length at which tiles of one row are laid out in full, without loops


def product_tile(rows, lanes, sums, columnwise=False):
    """One tile, ``rows`` x ``lanes`` numbers, of C <- S + scale A B: A (rows, n), B (n, lanes).

    ``c``, ``s``, ``a``, ``b`` are pointers to the tile's first entries, ``c_row`` etc. the distance from one row to the
    next, 0 where S is one row for all; ``a_column`` is that between two entries of a row of A. C and S may be the same.
    ``columnwise``: C and S lie column after column, and ``c_row``, ``s_row`` are the distances between those.
    ``sums``: independent sums of each entry, where the tile alone is too small to keep the processor busy (an addition
    takes four cycles, and two can begin in each).
    """

    def plain(c, s, a, b, scale, c_row, s_row, a_row, a_column, b_row, n):
        for r in range(rows):
            total = 0 * b[:lanes]
            for j in range(n):
                total += a[r * a_row + j * a_column] * b[j * b_row : j * b_row + lanes]
            to, start = ((r, c_row), (r, s_row)) if columnwise else ((r * c_row, 1), (r * s_row, 1))
            c[_places(lanes, *to)] = s[_places(lanes, *start)] + scale * total

    def emit(e, c, s, a, b, scale, c_row, s_row, a_row, a_column, b_row, n):
        starts = [e.zero()] * rows
        for r, total in enumerate(summed(e, starts, sums, a, a_row, a_column, b, b_row, n)):
            scaled = e.times(e.spread(scale), total)
            if columnwise:
                e.scatter(e.plus(e.gather(s, r, s_row), scaled), c, r, c_row)
            else:
                e.store(e.plus(e.load(s, e.mul(r, s_row)), scaled), c, e.mul(r, c_row))

    return tile(lanes, emit, plain, pointers=4, numbers=1, sizes=6)


def vector_tile(lanes, sums):
    """``lanes`` numbers of c <- s + a B, for a (n,) and B (n, lanes): (c, s, a, b; a_column, b_row, n); see
    ``product_tile``. What waits for the sum waits for nothing else."""

    def plain(c, s, a, b, a_column, b_row, n):
        total = s[:lanes].copy()
        for j in range(n):
            total += a[j * a_column] * b[j * b_row : j * b_row + lanes]
        c[:lanes] = total

    def emit(e, c, s, a, b, a_column, b_row, n):
        for known in e.cases(n, KNOWN):
            (total,) = summed(e, [e.load(s)], sums, a, 0, a_column, b, b_row, known)
            e.store(total, c)

    return tile(lanes, emit, plain, pointers=4, sizes=3)


def _places(lanes, first, step):
    """The indices of ``lanes`` entries."""
    return slice(first, first + (lanes - 1) * step + 1, step)


def summed(e, starts, sums, a, a_row, a_column, b, b_row, n):
    """The instructions of S + A B, one block for each row; ``starts`` are those of S. See ``product_tile``."""
    totals = [[e.total(start), *(e.total() for _ in range(1, sums))] for start in starts]

    def add_row(j, k):
        row = e.load(b, e.mul(j, b_row))
        for r, row_totals in enumerate(totals):
            at = e.add(e.mul(r, a_row), e.mul(j, a_column))
            e.add_product(row_totals[k], e.number(a, at), row)

    _in_turn(e, sums, n, add_row)
    return [e.joined([e.value(total) for total in row]) for row in totals]


def sum_tile(lanes, sums):
    """``lanes`` numbers of c <- c + scale * sum of the n rows of B: (c, b; scale; b_row, n); see ``product_tile``."""

    def plain(c, b, scale, b_row, n):
        total = 0 * c[:lanes]
        for j in range(n):
            total += b[j * b_row : j * b_row + lanes]
        c[:lanes] += scale * total

    def emit(e, c, b, scale, b_row, n):
        totals = [e.total() for _ in range(sums)]

        def add_row(j, k):
            e.set(totals[k], e.plus(e.value(totals[k]), e.load(b, e.mul(j, b_row))))

        _in_turn(e, sums, n, add_row)
        e.store(e.plus(e.load(c), e.times(e.spread(scale), e.joined([e.value(total) for total in totals]))), c)

    return tile(lanes, emit, plain, pointers=2, numbers=1, sizes=2)


def _in_turn(e, sums, n, add_row):
    """``add_row(j, k)`` for j = 0, ..., n - 1, where k = 0, 1, ..., ``sums`` - 1, 0, ... is the sum that it goes to."""
    if isinstance(n, int):
        for j in range(n):
            add_row(j, j % sums)
        return
    whole = e.mul(e.builder.sdiv(n, e.integer(sums)), sums)
    with e.loop(0, whole, sums) as j:
        for k in range(sums):
            add_row(e.add(j, k), k)
    with e.loop(whole, n) as j:
        add_row(j, 0)


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
