"""Scalar products of one row of W with several samples at once."""

from handgrad.kernels._column_tiles import SIDE, turned
from handgrad.kernels._emitter import tile


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


affine_tile = _affine_tile()
