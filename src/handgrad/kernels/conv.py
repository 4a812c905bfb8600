"""Convolution along a table of links. Equations: ``layers/conv.py``.

Two forms. In batches LANES samples lie side by side, and a vector register holds the same pixel of all of them: nothing
is computed twice or thrown away. One sample at a time (``_conv_one.py``) it holds neighbouring pixels.

Only links are visited: what is absent from the table costs nothing.
"""

from handgrad.kernels._conv_one import conv_backward_one, conv_backward_sgd, conv_forward_one  # noqa: F401
from handgrad.kernels._conv_tiles import backward_tile, forward_tile, stepping_tile, sums_tile
from handgrad.kernels._images import add_lanes, bordered, fill, inner, spread
from handgrad.kernels._jit import kernel, operation, vector
from handgrad.kernels._rows import (
    CHANNELS,
    HEIGHT,
    IN,
    KERNEL_HEIGHT,
    KERNEL_WIDTH,
    LANES,
    LINKS,
    LISTS,
    MAPS,
    N_IN,
    N_OUT,
    NEEDS_DX,
    OUT,
    OUT_HEIGHT,
    OUT_WIDTH,
    PADDED,
    PADDING,
    PARAM,
    SPREAD,
    STRIDE,
    SUMS,
    WIDTH,
)
from handgrad.kernels._tiles import shift
from handgrad.kernels.dense import clear

_forward_10, _forward_4, _forward_1 = forward_tile(10), forward_tile(4), forward_tile(1)
_stepping_4, _stepping_1 = stepping_tile(4), stepping_tile(1)
_backward_5, _backward_1 = backward_tile(5), backward_tile(1)
_sums_2, _sums_1 = sums_tile(2), sums_tile(1)
_NEAR = 128  # pixels of a map that are summed before the next map's turn comes: they stay in the nearest cache


@operation
def conv_forward(row, n, params, grads, acts, deltas, scalars):
    """y = b + sum over the links of W * x, LANES samples at a time"""
    links, size = row[LINKS], row[KERNEL_HEIGHT] * row[KERNEL_WIDTH]
    W, b = shift(params, row[PARAM]), vector(params, row[PARAM] + links * size, row[MAPS])
    line = row[OUT_WIDTH] * LANES
    for g in range(n // LANES):
        x = bordered(row, shift(acts, row[IN] + g * LANES * row[N_IN]), shift(acts, row[PADDED]))
        y = shift(acts, row[OUT] + g * LANES * row[N_OUT])
        for i in range(row[OUT_HEIGHT]):
            for d in range(row[MAPS]):
                at = shift(y, (d * row[OUT_HEIGHT] + i) * line)
                fill(vector(at, 0, line), b[d])
                _add_line(row, d, i, W, x, at)


@kernel
def _add_line(row, d, i, W, x, y):
    """Line i of output d: W * x of all its links."""
    K, L, stride = row[KERNEL_HEIGHT], row[KERNEL_WIDTH], row[STRIDE]
    line = (row[WIDTH] + 2 * row[PADDING]) * LANES
    plane = (row[HEIGHT] + 2 * row[PADDING]) * line
    starts = shift(row, row[LISTS])
    first, links = starts[d], starts[d + 1] - starts[d]
    inputs, w = shift(starts, row[MAPS] + 1 + first), shift(W, first * K * L)
    x = shift(x, i * stride * line)
    columns, step = row[OUT_WIDTH], stride * LANES
    j = 0
    if stride == 1:
        while j + 10 <= columns:
            _forward_10(shift(y, j * LANES), w, shift(x, j * LANES), inputs, links, plane, line, K * L, K, L)
            j += 10
        while j + 4 <= columns:
            _forward_4(shift(y, j * LANES), w, shift(x, j * LANES), inputs, links, plane, line, K * L, K, L)
            j += 4
        while j < columns:
            _forward_1(shift(y, j * LANES), w, shift(x, j * LANES), inputs, links, plane, line, K * L, K, L)
            j += 1
        return
    while j + 4 <= columns:
        at = shift(y, j * LANES)
        _stepping_4(at, w, shift(x, j * step), inputs, links, plane, line, K * L, K, L, LANES, step)
        j += 4
    while j < columns:
        at = shift(y, j * LANES)
        _stepping_1(at, w, shift(x, j * step), inputs, links, plane, line, K * L, K, L, LANES, step)
        j += 1


@operation
def conv_backward(row, n, params, grads, acts, deltas, scalars):
    """dW = sum of dy x, db = sum of dy, dx = sum over the links of dy spread out by W, LANES samples at a time"""
    links, size = row[LINKS], row[KERNEL_HEIGHT] * row[KERNEL_WIDTH]
    sums = shift(deltas, row[SUMS])
    clear(vector(sums, 0, (links * size + row[MAPS]) * LANES))
    for g in range(n // LANES):
        x = bordered(row, shift(acts, row[IN] + g * LANES * row[N_IN]), shift(acts, row[PADDED]))
        dy = shift(deltas, row[OUT] + g * LANES * row[N_OUT])
        _add_bias_sums(row, dy, shift(sums, links * size * LANES))
        _add_weight_sums(row, x, dy, sums)
        if row[NEEDS_DX]:
            dx = shift(deltas, row[IN] + g * LANES * row[N_IN])
            bordered_dx = dx if row[PADDING] == 0 else shift(deltas, row[PADDED])
            _send_back(row, shift(params, row[PARAM]), spread(row, dy, shift(deltas, row[SPREAD])), bordered_dx)
            inner(row, bordered_dx, dx)
    gradient = vector(grads, row[PARAM], links * size + row[MAPS])
    clear(gradient)
    add_lanes(gradient, sums, gradient.dtype.type(1))


@kernel
def _add_bias_sums(row, dy, sums):
    """sums[d] += dy of all pixels, lane by lane."""
    size = row[OUT_HEIGHT] * row[OUT_WIDTH]
    for d in range(row[MAPS]):
        total, pixels = vector(sums, d * LANES, LANES), vector(dy, d * size * LANES, size * LANES)
        for k in range(size):
            for lane in range(LANES):
                total[lane] += pixels[k * LANES + lane]


@kernel
def _add_weight_sums(row, x, dy, sums):
    """sums[link, u, v] += sum over the pixels of dy x, lane by lane: two outputs of an input at a time."""
    K, L, stride = row[KERNEL_HEIGHT], row[KERNEL_WIDTH], row[STRIDE]
    line = (row[WIDTH] + 2 * row[PADDING]) * LANES
    plane = (row[HEIGHT] + 2 * row[PADDING]) * line
    width = row[OUT_WIDTH]
    starts = shift(row, row[LISTS] + row[MAPS] + 1 + row[LINKS])
    outputs = shift(starts, row[CHANNELS] + 1)
    numbers = shift(outputs, row[LINKS])
    dy_plane, step = row[OUT_HEIGHT] * width * LANES, stride * LANES
    some = max(1, _NEAR // width)
    for first in range(0, row[OUT_HEIGHT], some):
        rows = min(some, row[OUT_HEIGHT] - first)
        dy_rows = shift(dy, first * width * LANES)
        for p in range(row[CHANNELS]):
            x_rows = shift(x, p * plane + first * stride * line)
            k = starts[p]
            while k < starts[p + 1]:
                two = k + 1 < starts[p + 1]
                dy0, s0 = shift(dy_rows, outputs[k] * dy_plane), shift(sums, numbers[k] * K * L * LANES)
                other = k + 1 if two else k
                dy1, s1 = shift(dy_rows, outputs[other] * dy_plane), shift(sums, numbers[other] * K * L * LANES)
                for u in range(K):
                    to0, to1, at = shift(s0, u * L * LANES), shift(s1, u * L * LANES), shift(x_rows, u * line)
                    if two:
                        _sums_2(to0, to1, dy0, dy1, at, L, stride * line, step, LANES, width * LANES, rows, width)
                    else:
                        _sums_1(to0, to0, dy0, dy0, at, L, stride * line, step, LANES, width * LANES, rows, width)
                k += 2


@kernel
def _send_back(row, W, dy, dx):
    """dx = sum over the links of dy spread out by W, of images with their border; dy as if the stride were 1."""
    K, L, stride = row[KERNEL_HEIGHT], row[KERNEL_WIDTH], row[STRIDE]
    height, line = row[HEIGHT] + 2 * row[PADDING], (row[WIDTH] + 2 * row[PADDING]) * LANES
    rows, columns = stride * (row[OUT_HEIGHT] - 1) + 1, stride * (row[OUT_WIDTH] - 1) + 1
    dy_line = columns * LANES
    starts = shift(row, row[LISTS] + row[MAPS] + 1 + row[LINKS])
    outputs = shift(starts, row[CHANNELS] + 1)
    numbers = shift(outputs, row[LINKS])
    clear(vector(dx, 0, row[CHANNELS] * height * line))
    for i in range(rows + K - 1):
        first, stop = max(0, i - rows + 1), min(K, i + 1)
        dy_row = shift(dy, (i - stop + 1) * dy_line)
        for p in range(row[CHANNELS]):
            at, links = starts[p], starts[p + 1] - starts[p]
            to, whose, which = shift(dx, (p * height + i) * line), shift(outputs, at), shift(numbers, at)
            j = 0
            while j + 5 <= columns:
                to_j, dy_j = shift(to, j * LANES), shift(dy_row, j * LANES)
                _backward_5(to_j, W, dy_j, whose, which, links, rows * dy_line, dy_line, K * L, L, first, stop)
                j += 5
            while j < columns:
                to_j, dy_j = shift(to, j * LANES), shift(dy_row, j * LANES)
                _backward_1(to_j, W, dy_j, whose, which, links, rows * dy_line, dy_line, K * L, L, first, stop)
                j += 1
