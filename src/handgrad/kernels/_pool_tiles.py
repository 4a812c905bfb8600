"""Lines of windows as vector instructions: LANES samples side by side, one window after the other.

Arguments: ``columns`` windows in a line, each ``size`` x ``size`` pixels; ``line`` is the distance from one line of
pixels to the next. Without JIT, plain NumPy stands in their place.
"""

import numpy as np

from handgrad.kernels._emitter import tile
from handgrad.kernels._rows import LANES


def _pixels(x, j, size, line):
    """The blocks of window j, row by row."""
    places = [u * line + (j * size + v) * LANES for u in range(size) for v in range(size)]
    return [x[at : at + LANES] for at in places]


def _windows(e, columns, size, line, x):
    """Loops over the windows of a line: (number of the window, pointer to its first pixel, size).

    The body is emitted twice: windows of 2 x 2, which nearly all are, are laid out in full, without loops in them.
    """
    for known in e.cases(size, 2):
        with e.loop(0, columns) as j:
            yield j, e.shift(x, e.mul(e.mul(j, known), LANES)), known


def _places(e, size, line):
    """Where the pixels of a window lie: a loop over them, or, where the size is known, one after the other."""
    if isinstance(size, int):
        for u in range(size):
            for v in range(size):
                yield e.add(e.mul(u, line), v * LANES)
        return
    with e.loop(0, size) as u, e.loop(0, size) as v:
        yield e.add(e.mul(u, line), e.mul(v, LANES))


def _sum_of(e, first, size, line):
    """The sum of the pixels of a window."""
    total = e.total()
    for at in _places(e, size, line):
        e.set(total, e.plus(e.value(total), e.load(first, at)))
    return e.value(total)


def _mean_tile():
    """y = scale * sum of the window + shift: (y, x; scale, shift; columns, size, line)."""

    def plain(y, x, scale, shift, columns, size, line):
        for j in range(columns):
            y[j * LANES : (j + 1) * LANES] = scale * np.sum(_pixels(x, j, size, line), axis=0) + shift

    def emit(e, y, x, scale, shift, columns, size, line):
        factor, summand = e.spread(scale), e.spread(shift)
        for j, first, side in _windows(e, columns, size, line, x):
            total = _sum_of(e, first, side, line)
            e.store(e.plus(e.times(factor, total), summand), y, e.mul(j, LANES))

    return tile(LANES, emit, plain, pointers=2, numbers=2, sizes=3)


def _spread_tile():
    """dx = scale * dy for every pixel of the window: (dx, dy; scale; columns, size, line)."""

    def plain(dx, dy, scale, columns, size, line):
        for j in range(columns):
            for pixel in _pixels(dx, j, size, line):
                pixel[:] = scale * dy[j * LANES : (j + 1) * LANES]

    def emit(e, dx, dy, scale, columns, size, line):
        factor = e.spread(scale)
        for j, first, side in _windows(e, columns, size, line, dx):
            value = e.times(factor, e.load(dy, e.mul(j, LANES)))
            for at in _places(e, side, line):
                e.store(value, first, at)

    return tile(LANES, emit, plain, pointers=2, numbers=1, sizes=3)


def _weigh_tile():
    """sums[0] += dy * sum of the window, sums[1] += dy, lane by lane: (sums, dy, x; columns, size, line)."""

    def plain(sums, dy, x, columns, size, line):
        for j in range(columns):
            cotangent = dy[j * LANES : (j + 1) * LANES]
            sums[:LANES] += cotangent * np.sum(_pixels(x, j, size, line), axis=0)
            sums[LANES : 2 * LANES] += cotangent

    def emit(e, sums, dy, x, columns, size, line):
        weighed, plain_sum = e.total(e.load(sums)), e.total(e.load(sums, LANES))
        for j, first, side in _windows(e, columns, size, line, x):
            cotangent = e.load(dy, e.mul(j, LANES))
            e.add_product(weighed, cotangent, _sum_of(e, first, side, line))
            e.set(plain_sum, e.plus(e.value(plain_sum), cotangent))
        e.store(e.value(weighed), sums)
        e.store(e.value(plain_sum), sums, LANES)

    return tile(LANES, emit, plain, pointers=3, sizes=3)


def _largest_tile():
    """y = the largest pixel of the window: (y, x; columns, size, line)."""

    def plain(y, x, columns, size, line):
        for j in range(columns):
            y[j * LANES : (j + 1) * LANES] = np.max(_pixels(x, j, size, line), axis=0)

    def emit(e, y, x, columns, size, line):
        for j, first, side in _windows(e, columns, size, line, x):
            top = e.total(e.load(first))
            for at in _places(e, side, line):
                pixel, now = e.load(first, at), e.value(top)
                e.set(top, e.where(e.larger(pixel, now), pixel, now))
            e.store(e.value(top), y, e.mul(j, LANES))

    return tile(LANES, emit, plain, pointers=2, sizes=3)


def _to_the_largest_tile():
    """dx = dy at the first of the largest pixels of the window, else 0: (dx, dy, y, x; columns, size, line)."""

    def plain(dx, dy, y, x, columns, size, line):
        for j in range(columns):
            here = slice(j * LANES, (j + 1) * LANES)
            rest = dy[here].copy()
            for to, pixel in zip(_pixels(dx, j, size, line), _pixels(x, j, size, line), strict=True):
                taken = ~(pixel < y[here])
                to[:] = np.where(taken, rest, 0)
                rest = np.where(taken, 0, rest)

    def emit(e, dx, dy, y, x, columns, size, line):
        for j, first, side in _windows(e, columns, size, line, x):
            to = e.shift(dx, e.mul(e.mul(j, side), LANES))
            top, rest = e.load(y, e.mul(j, LANES)), e.total(e.load(dy, e.mul(j, LANES)))
            for at in _places(e, side, line):
                taken, now = e.reaches(e.load(first, at), top), e.value(rest)
                e.store(e.where(taken, now, e.zero()), to, at)
                e.set(rest, e.where(taken, e.zero(), now))

    return tile(LANES, emit, plain, pointers=4, sizes=3)


mean_line, spread_line, weigh_line = _mean_tile(), _spread_tile(), _weigh_tile()
largest_line, to_the_largest_line = _largest_tile(), _to_the_largest_tile()
