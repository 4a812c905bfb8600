"""Tiles of convolutions as vector instructions: what they add up stays in registers until a tile is done.

An image is an array of blocks of ``LANES`` numbers. In batches a block holds one pixel of as many samples; a pixel's
right neighbour is the next block. One sample at a time a block holds neighbouring pixels of a line, and begins at any
pixel. Kernels of any size are taken in pieces of 5, 3 and 1 taps, whose code is laid out in full.

Arguments of all: pointers to numbers, lists of integers, integers. A ``plane`` is the distance from one map to the
next, a ``line`` that from one row of pixels to the next, ``size`` the number of weights in a kernel, ``height`` and
``width`` its sides. Every tile ADDS to its result. Without JIT, plain NumPy stands in their place.
"""

from llvmlite import ir

from handgrad.kernels._emitter import tile
from handgrad.kernels._rows import LANES

_PIECES = (5, 3, 1)
_AT_ONCE = 3  # taps whose weights stay in registers beside ten sums


def _block(array, at):
    return array[at : at + LANES]


def _pieces(e, width):
    """Loops over the first taps of all pieces that ``width`` taps fall into: (loop, taps of a piece)."""
    start = e.integer(0)
    for taps in _PIECES:
        rest = e.sub(width, start)
        stop = e.add(start, e.mul(e.builder.sdiv(rest, ir.Constant(rest.type, taps)), taps))
        yield e.loop(start, stop, taps), taps
        start = stop


def forward_tile(columns):
    """y[j] += sum over the links, u and v of W[link, u, v] x[input of the link][u][j + v], for j < columns.

    (y, w, x; inputs; links, plane, line, size, height, width). In batches.
    """

    def plain(y, w, x, inputs, links, plane, line, size, height, width):
        _plain_forward(columns, y, w, x, inputs, links, plane, line, size, height, width, LANES, LANES)

    def emit(e, y, w, x, inputs, links, plane, line, size, height, width):
        totals = [e.total(e.load(y, j * LANES)) for j in range(columns)]
        with e.loop(0, links) as l, e.loop(0, height) as u:  # noqa: E741
            row = e.shift(x, e.add(e.mul(e.item(inputs, l), plane), e.mul(u, line)))
            weights = e.shift(w, e.add(e.mul(l, size), e.mul(u, width)))
            for piece, taps in _pieces(e, width):
                with piece as first:
                    _slide(e, totals, e.shift(weights, first), e.shift(row, e.mul(first, LANES)), taps)
        for j, total in enumerate(totals):
            e.store(e.value(total), y, j * LANES)

    return tile(LANES, emit, plain, pointers=3, lists=1, sizes=6)


def _slide(e, totals, weights, row, taps):
    """totals[j] += sum over v < taps of weights[v] row[j + v]: a block of the row is read for three taps at once."""
    for first in range(0, taps, _AT_ONCE):
        some = range(first, min(first + _AT_ONCE, taps))
        W = {v: e.number(weights, v) for v in some}
        for c in range(some[0], len(totals) + some[-1]):
            pixel = e.load(row, c * LANES)
            for v in some:
                if 0 <= c - v < len(totals):
                    e.add_product(totals[c - v], W[v], pixel)


def _plain_forward(columns, y, w, x, inputs, links, plane, line, size, height, width, tap, step):
    for l in range(links):  # noqa: E741
        for u in range(height):
            for v in range(width):
                for j in range(columns):
                    at = inputs[l] * plane + u * line + v * tap + j * step
                    _block(y, j * LANES)[:] += w[l * size + u * width + v] * _block(x, at)


def stepping_tile(columns):
    """y[j] += sum over the links, u and v of W[link, u, v] x[input of the link][u][j step + v], for j < columns.

    (y, w, x; inputs; links, plane, line, size, height, width, tap, step): ``tap`` and ``step`` are the distances from
    one tap, and from one output's first tap, to the next. In batches with a stride; one sample at a time.
    """

    def plain(y, w, x, inputs, links, plane, line, size, height, width, tap, step):
        _plain_forward(columns, y, w, x, inputs, links, plane, line, size, height, width, tap, step)

    def emit(e, y, w, x, inputs, links, plane, line, size, height, width, tap, step):
        totals = [e.total(e.load(y, j * LANES)) for j in range(columns)]
        steps = [e.mul(j, step) for j in range(columns)]
        with e.loop(0, links) as l, e.loop(0, height) as u:  # noqa: E741
            row = e.shift(x, e.add(e.mul(e.item(inputs, l), plane), e.mul(u, line)))
            weights = e.shift(w, e.add(e.mul(l, size), e.mul(u, width)))
            with e.loop(0, width) as v:
                W = e.number(weights, v)
                pixels = e.shift(row, e.mul(v, tap))
                for total, at in zip(totals, steps, strict=True):
                    e.add_product(total, W, e.load(pixels, at))
        for j, total in enumerate(totals):
            e.store(e.value(total), y, j * LANES)

    return tile(LANES, emit, plain, pointers=3, lists=1, sizes=8)


def pair_tile(columns):
    """The same for two maps with the same inputs: a block of x is read once for both. Neighbouring blocks of y.

    (y0, y1, w0, w1, x; inputs; links, plane, line, size, height, width). One sample at a time.
    """

    def plain(y0, y1, w0, w1, x, inputs, links, plane, line, size, height, width):
        for y, w in ((y0, w0), (y1, w1)):
            _plain_forward(columns, y, w, x, inputs, links, plane, line, size, height, width, 1, LANES)

    def emit(e, y0, y1, w0, w1, x, inputs, links, plane, line, size, height, width):
        maps = [(y, w, [e.total(e.load(y, j * LANES)) for j in range(columns)]) for y, w in ((y0, w0), (y1, w1))]
        with e.loop(0, links) as l, e.loop(0, height) as u:  # noqa: E741
            row = e.shift(x, e.add(e.mul(e.item(inputs, l), plane), e.mul(u, line)))
            at = e.add(e.mul(l, size), e.mul(u, width))
            with e.loop(0, width) as v:
                W = [e.number(w, e.add(at, v)) for _, w, _ in maps]
                pixels = e.shift(row, v)
                for j in range(columns):
                    pixel = e.load(pixels, j * LANES)
                    for weight, (_, _, totals) in zip(W, maps, strict=True):
                        e.add_product(totals[j], weight, pixel)
        for y, _, totals in maps:
            for j, total in enumerate(totals):
                e.store(e.value(total), y, j * LANES)

    return tile(LANES, emit, plain, pointers=5, lists=1, sizes=6)


def backward_tile(columns):
    """dx[j + v] += sum over the links and u in [first, stop) of W[link, u, v] dy[output of the link][-u][j], for
    j < columns.

    (dx, w, dy; outputs, numbers; links, plane, line, size, width, first, stop): ``numbers`` are those of the links. In
    batches.
    """

    def plain(dx, w, dy, outputs, numbers, links, plane, line, size, width, first, stop):
        for l in range(links):  # noqa: E741
            for u in range(first, stop):
                for v in range(width):
                    for j in range(columns):
                        at = outputs[l] * plane + (stop - 1 - u) * line + j * LANES
                        weight = w[numbers[l] * size + u * width + v]
                        _block(dx, (j + v) * LANES)[:] += weight * _block(dy, at)

    def emit(e, dx, w, dy, outputs, numbers, links, plane, line, size, width, first, stop):
        last_row = e.shift(dy, e.mul(e.sub(stop, 1), line))
        for piece, taps in _pieces(e, width):
            with piece as tap:
                place = e.shift(dx, e.mul(tap, LANES))
                totals = [e.total(e.load(place, c * LANES)) for c in range(columns + taps - 1)]
                with e.loop(0, links) as l:  # noqa: E741
                    rows = e.shift(last_row, e.mul(e.item(outputs, l), plane))
                    kernel = e.shift(w, e.add(e.mul(e.item(numbers, l), size), tap))
                    with e.loop(first, stop) as u:
                        row = e.shift(rows, e.sub(0, e.mul(u, line)))
                        weights = e.shift(kernel, e.mul(u, width))
                        W = [e.number(weights, v) for v in range(taps)]
                        for j in range(columns):
                            pixel = e.load(row, j * LANES)
                            for v in range(taps):
                                e.add_product(totals[j + v], W[v], pixel)
                for c, total in enumerate(totals):
                    e.store(e.value(total), place, c * LANES)

    return tile(LANES, emit, plain, pointers=3, lists=2, sizes=7)


def sums_tile(maps):
    """S[d][v] += sum over rows and columns of dy[d][row][j] x[row][j + v], lane by lane, for d < maps, v < width.

    (s0, s1, dy0, dy1, x; width, x_line, x_step, tap, dy_line, rows, columns): the sums and cotangents of the first and
    of the second map (of one map: the same twice); ``x_step`` and ``tap`` are the distances from one block of x, and
    from one tap, to the next.
    """

    def plain(s0, s1, dy0, dy1, x, width, x_line, x_step, tap, dy_line, rows, columns):
        for s, dy in ((s0, dy0), (s1, dy1))[:maps]:
            for v in range(width):
                for i in range(rows):
                    for j in range(columns):
                        pixel = _block(x, i * x_line + j * x_step + v * tap)
                        _block(s, v * LANES)[:] += _block(dy, i * dy_line + j * LANES) * pixel

    def emit(e, s0, s1, dy0, dy1, x, width, x_line, x_step, tap, dy_line, rows, columns):
        pairs = ((s0, dy0), (s1, dy1))[:maps]
        for piece, taps in _pieces(e, width):
            with piece as first:
                places = [e.shift(s, e.mul(first, LANES)) for s, _ in pairs]
                totals = [[e.total(e.load(place, v * LANES)) for v in range(taps)] for place in places]
                pixels = e.shift(x, e.mul(first, tap))
                taps_at = [e.mul(v, tap) for v in range(taps)]
                with e.loop(0, rows) as i:
                    lines = [e.shift(dy, e.mul(i, dy_line)) for _, dy in pairs]
                    row = e.shift(pixels, e.mul(i, x_line))
                    with e.loop(0, columns) as j:
                        cotangents = [e.load(line, e.mul(j, LANES)) for line in lines]
                        here = e.shift(row, e.mul(j, x_step))
                        for v, at in enumerate(taps_at):
                            pixel = e.load(here, at)
                            for some, cotangent in zip(totals, cotangents, strict=True):
                                e.add_product(some[v], cotangent, pixel)
                for place, some in zip(places, totals, strict=True):
                    for v, total in enumerate(some):
                        e.store(e.value(total), place, v * LANES)

    return tile(LANES, emit, plain, pointers=5, sizes=7)


def scatter_tile(blocks):
    """dx[u][t] += sum over the links and v of W[link, u, v] dy[output of the link][t, v pixels back], for u < height
    and t < blocks.

    (dx, w, dy; outputs, numbers; links, plane, line, size, height, width): ``line`` is that of dx. dy points to the
    pixel ``width - 1`` before the first. One sample at a time.
    """

    def plain(dx, w, dy, outputs, numbers, links, plane, line, size, height, width):
        for l in range(links):  # noqa: E741
            for u in range(height):
                for v in range(width):
                    for t in range(blocks):
                        at = outputs[l] * plane + (width - 1 - v) + t * LANES
                        weight = w[numbers[l] * size + u * width + v]
                        _block(dx, u * line + t * LANES)[:] += weight * _block(dy, at)

    def emit(e, dx, w, dy, outputs, numbers, links, plane, line, size, height, width):
        for piece, rows in _pieces(e, height):
            with piece as first:
                lines = [e.shift(dx, e.mul(e.add(first, u), line)) for u in range(rows)]
                totals = [[e.total(e.load(at, t * LANES)) for t in range(blocks)] for at in lines]
                with e.loop(0, links) as l:  # noqa: E741
                    pixels = e.shift(dy, e.add(e.mul(e.item(outputs, l), plane), e.sub(width, 1)))
                    kernel = e.shift(w, e.add(e.mul(e.item(numbers, l), size), e.mul(first, width)))
                    with e.loop(0, width) as v:
                        row = e.shift(pixels, e.sub(0, v))
                        read = [e.load(row, t * LANES) for t in range(blocks)]
                        for u in range(rows):
                            W = e.number(kernel, e.add(v, e.mul(u, width)))
                            for t, pixel in enumerate(read):
                                e.add_product(totals[u][t], W, pixel)
                for at, some in zip(lines, totals, strict=True):
                    for t, total in enumerate(some):
                        e.store(e.value(total), at, t * LANES)

    return tile(LANES, emit, plain, pointers=3, lists=2, sizes=6)
