"""Rows of W times several samples at once."""

from handgrad.kernels._column_tiles import SIDE, turned
from handgrad.kernels._emitter import tile

_COLUMNS = 4  # columns of W at a time
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

        whole = e.mul(e.builder.sdiv(n, e.integer(_COLUMNS)), _COLUMNS)
        with e.loop(0, whole, _COLUMNS) as j:
            for line in range(0, _COLUMNS * SIDE, _LINE):  # of the next tile's rows, which are as many and short
                e.prefetch(w, e.add(e.mul(e.add(j, n), SIDE), line))
            for k in range(_COLUMNS):
                add_column(e.add(j, k))
        with e.loop(whole, n) as j:
            add_column(j)
        for s, outputs in enumerate(turned(e, [e.value(total) for total in totals])):
            at = e.mul(s, a_row)
            e.store(e.plus(e.load(a, at), outputs), a, at)

    return tile(SIDE, emit, plain, pointers=3, sizes=2)


def _dot_tile(rows, samples):
    """A few outputs of a few samples, A <- A + X W^T: (a, w, x; a_row, n), for A (samples, ...) with rows ``a_row``
    apart, W (rows, n) and X (samples, n). Every number that is read takes part in several products."""

    def plain(a, w, x, a_row, n):
        W, X = w[: rows * n].reshape(rows, n), x[: samples * n].reshape(samples, n)
        for s in range(samples):
            a[s * a_row : s * a_row + rows] += W @ X[s]

    def emit(e, a, w, x, a_row, n):
        totals = [[e.total() for _ in range(rows)] for _ in range(samples)]

        def add_products(load, j):
            weights = [load(w, e.add(e.mul(i, n), j)) for i in range(rows)]
            for s, of_sample in enumerate(totals):
                inputs = load(x, e.add(e.mul(s, n), j))
                for total, weight in zip(of_sample, weights, strict=True):
                    e.add_product(total, weight, inputs)

        whole = e.mul(e.builder.sdiv(n, e.integer(SIDE)), SIDE)
        with e.loop(0, whole, SIDE) as j:
            for i in range(rows):
                e.prefetch(w, e.add(e.mul(rows + i, n), j))  # what the next tile reads
            add_products(e.load, j)
        with e.loop(whole, n) as j:
            add_products(e.alone, j)
        places = [(s, i) for s in range(samples) for i in range(rows)]
        for first in range(0, len(places), SIDE):
            some = places[first : first + SIDE]
            values = [e.value(totals[s][i]) for s, i in some]
            sums = e.joined(turned(e, values + [e.zero()] * (SIDE - len(some))))
            for lane, (s, i) in enumerate(some):
                e.add_lane(sums, lane, a, e.add(e.mul(s, a_row), i))

    return tile(SIDE, emit, plain, pointers=3, sizes=2)


ROWS = 3  # with four samples these are twelve sums, and with what they are made of all of the processor's registers
affine_tile, square_tile = _affine_tile(), _square_tile()
rows_by_4, rows_by_3, rows_by_2, rows_by_1 = (_dot_tile(ROWS, samples) for samples in (4, 3, 2, 1))
row_by_4, row_by_3, row_by_2, row_by_1 = (_dot_tile(1, samples) for samples in (4, 3, 2, 1))
