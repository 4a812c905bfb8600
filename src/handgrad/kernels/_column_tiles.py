"""Matrices turned over, so that columns lie where rows did.

A loop over single numbers would leave them in many small stores, and a vector load that follows has to wait until the
last of these has left the processor's store buffer.
"""

from handgrad.kernels._emitter import tile

SIDE = 8


def _interleaved(e, a, b, first):
    """Of every four lanes of a and b, two in turn: a[first], b[first], a[first + 1], b[first + 1]. One instruction."""
    lanes = [
        at for group in range(0, SIDE, 4) for k in range(2) for at in (group + first + k, SIDE + group + first + k)
    ]
    return e.shuffle(a, b, lanes)


def _halves(e, a, b, first):
    """Four lanes of a, from ``first`` on, and then the same of b."""
    half = list(range(first, first + 4))
    return e.shuffle(a, b, [*half, *(SIDE + lane for lane in half)])


def turned(e, rows):
    """The columns of SIDE blocks. The quarters change places, then within each the lanes of four rows are dealt out
    twice, as a deck of cards is shuffled."""
    turned = []
    for first in (0, 4):
        quarter = [_halves(e, rows[i], rows[i + 4], first) for i in range(4)]
        for _ in range(2):
            quarter = [_interleaved(e, quarter[i], quarter[i + 2], k) for i in range(2) for k in (0, 2)]
        turned += quarter
    return turned


def _square_tile():
    """B = A^T for SIDE rows and columns: (b, a; distances from one row to the next, b_row, a_row)."""

    def plain(b, a, b_row, a_row):
        for i in range(SIDE):
            for j in range(SIDE):
                b[j * b_row + i] = a[i * a_row + j]

    def emit(e, b, a, b_row, a_row):
        rows = [e.load(a, e.mul(i, a_row)) for i in range(SIDE)]
        for j, column in enumerate(turned(e, rows)):
            e.store(column, b, e.mul(j, b_row))

    return tile(SIDE, emit, plain, pointers=2, sizes=2)


def _gather_tile(rows):
    """B = A^T for so many rows and any number of columns, which are put together number by number:
    (b, a; b_row, a_row, columns)."""

    def plain(b, a, b_row, a_row, columns):
        for j in range(columns):
            for i in range(rows):
                b[j * b_row + i] = a[i * a_row + j]

    def emit(e, b, a, b_row, a_row, columns):
        with e.loop(0, columns) as j:
            e.store(e.gather(a, j, a_row), b, e.mul(j, b_row))

    return tile(rows, emit, plain, pointers=2, sizes=3)


turn_square, turn_strip, turn_row = _square_tile(), _gather_tile(SIDE), _gather_tile(1)
