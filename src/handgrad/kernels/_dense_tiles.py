"""Rows of W times several samples at once."""

from handgrad.kernels._column_tiles import SIDE, turned
from handgrad.kernels._emitter import tile

_TOGETHER = 4  # columns of W at a time
_LINE = 16  # numbers that come from memory at once, of 4 bytes each


def _affine_tile():
    """One output of SIDE samples, a = w x + b: (a, w, x, b; a_row, x_row, n), for w (n,), x (SIDE, n) and one b."""

    def plain(a, w, x, b, a_row, x_row, n):
        for s in range(SIDE):
            total = b[0]
            for j in range(n):
                total += w[j] * x[s * x_row + j]
            a[s * a_row] = total

    def emit(e, a, w, x, b, a_row, x_row, n):
        totals, single = [e.total() for _ in range(SIDE)], e.total(e.number(b))
        whole = e.mul(e.builder.sdiv(n, e.integer(SIDE)), SIDE)
        with e.loop(0, whole, SIDE) as j:
            weights = e.load(w, j)
            for s, total in enumerate(totals):
                e.add_product(total, weights, e.load(x, e.add(e.mul(s, x_row), j)))
        with e.loop(whole, n) as j:
            e.add_product(single, e.number(w, j), e.gather(x, j, x_row))
        # a sum across each register would take as long as the products: turned over, the sums are sums of registers
        values = turned(e, [e.value(total) for total in totals])
        e.scatter(e.plus(e.value(single), e.joined(values)), a, 0, a_row)

    return tile(SIDE, emit, plain, pointers=4, sizes=3)


def _square_tile():
    """SIDE outputs of SIDE samples, A <- A + X W^T: (a, w, x; a_row, n), for A (SIDE, ...) with rows ``a_row`` apart,
    W (SIDE, n) and X turned over, (n, SIDE): a register holds one output of all samples."""

    def plain(a, w, x, a_row, n):
        W, X = w[: SIDE * n].reshape(SIDE, n), x[: SIDE * n].reshape(n, SIDE)
        for s in range(SIDE):
            a[s * a_row : s * a_row + SIDE] += W @ X[:, s]

    def emit(e, a, w, x, a_row, n):
        totals = [e.total() for _ in range(SIDE)]

        def add_column(j):
            samples = e.load(x, e.mul(j, SIDE))
            for i, total in enumerate(totals):
                e.add_product(total, e.number(w, e.add(e.mul(i, n), j)), samples)

        whole = e.mul(e.builder.sdiv(n, e.integer(_TOGETHER)), _TOGETHER)
        with e.loop(0, whole, _TOGETHER) as j:
            for line in range(0, _TOGETHER * SIDE, _LINE):  # of the next tile's rows, which are as many and short
                e.prefetch(w, e.add(e.mul(e.add(j, n), SIDE), line))
            for k in range(_TOGETHER):
                add_column(e.add(j, k))
        with e.loop(whole, n) as j:
            add_column(j)
        for s, outputs in enumerate(turned(e, [e.value(total) for total in totals])):
            at = e.mul(s, a_row)
            e.store(e.plus(e.load(a, at), outputs), a, at)

    return tile(SIDE, emit, plain, pointers=3, sizes=2)


affine_tile, square_tile = _affine_tile(), _square_tile()
