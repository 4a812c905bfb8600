"""Convolution of one sample after the other: a vector register holds LANES neighbouring pixels of a line.

Forward runs over a whole map at once, from line to line: the pixels that belong to no output (the last of each line)
are computed too and dropped, which costs less than short lines would. Backward goes line by line.
"""

from handgrad.kernels._conv_tiles import pair_tile, scatter_tile, stepping_tile, sums_tile
from handgrad.kernels._images import add_lanes, copy, fill
from handgrad.kernels._jit import kernel, operation, vector
from handgrad.kernels._rows import (
    CHANNELS,
    HEIGHT,
    IN,
    KERNEL_HEIGHT,
    KERNEL_WIDTH,
    LANES,
    LEARNING_RATE,
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

_single_12, _single_5, _single_1 = stepping_tile(12), stepping_tile(5), stepping_tile(1)
_pair_6, _pair_1 = pair_tile(6), pair_tile(1)
_scatter_2, _scatter_1 = scatter_tile(2), scatter_tile(1)
_sums_2, _sums_1 = sums_tile(2), sums_tile(1)


@kernel
def blocks(size):
    """Blocks of LANES that hold ``size`` numbers."""
    return (size + LANES - 1) // LANES


@operation
def conv_forward_one(row, n, params, grads, acts, deltas, scalars):
    """y = b + sum over the links of W * x, for one sample after the other"""
    size = row[KERNEL_HEIGHT] * row[KERNEL_WIDTH]
    W, b = shift(params, row[PARAM]), vector(params, row[PARAM] + row[LINKS] * size, row[MAPS])
    starts = shift(row, row[LISTS])
    x, scratch = shift(acts, row[PADDED]), shift(acts, row[SPREAD])
    line, stride = row[WIDTH] + 2 * row[PADDING], row[STRIDE]
    many = blocks(stride * (row[OUT_HEIGHT] - 1) * line + stride * (row[OUT_WIDTH] - 1) + 1)
    other = shift(scratch, many * LANES)
    for s in range(n):
        _bordered_one(row, shift(acts, row[IN] + s * row[N_IN]), x)
        y = shift(acts, row[OUT] + s * row[N_OUT])
        d = 0
        while d < row[MAPS]:
            two = d + 1 < row[MAPS] and _same_inputs(row, starts, d)
            fill(vector(scratch, 0, many * LANES), b[d])
            if two:
                fill(vector(other, 0, many * LANES), b[d + 1])
                _add_pair(row, d, many, W, x, scratch, other)
                _pick_out(row, other, line, shift(y, (d + 1) * row[OUT_HEIGHT] * row[OUT_WIDTH]))
            else:
                _add_map(row, d, many, W, x, scratch)
            _pick_out(row, scratch, line, shift(y, d * row[OUT_HEIGHT] * row[OUT_WIDTH]))
            d += 2 if two else 1


@kernel
def _bordered_one(row, x, scratch):
    """A copy of the maps with their border of zeros, and LANES zeros behind them, where blocks may end."""
    P, width, height = row[PADDING], row[WIDTH], row[HEIGHT]
    line, plane = width + 2 * P, (height + 2 * P) * (width + 2 * P)
    if P == 0:
        copy(vector(scratch, 0, row[N_IN]), vector(x, 0, row[N_IN]))
    else:
        clear(vector(scratch, 0, row[CHANNELS] * plane))
        for p in range(row[CHANNELS]):
            for i in range(height):
                to = p * plane + (P + i) * line + P
                copy(vector(scratch, to, width), vector(x, (p * height + i) * width, width))
    clear(vector(scratch, row[CHANNELS] * plane, LANES))


@kernel
def _same_inputs(row, starts, d):
    """Whether outputs d and d + 1 have links to the same inputs."""
    links = starts[d + 1] - starts[d]
    same = starts[d + 2] - starts[d + 1] == links
    inputs = shift(starts, row[MAPS] + 1 + starts[d])
    for k in range(links if same else 0):
        same = same and inputs[k] == inputs[links + k]
    return same


@kernel
def _add_map(row, d, many, W, x, y):
    """y += W * x of all links of output d, line after line with what lies between them."""
    K, L = row[KERNEL_HEIGHT], row[KERNEL_WIDTH]
    line = row[WIDTH] + 2 * row[PADDING]
    plane = (row[HEIGHT] + 2 * row[PADDING]) * line
    starts = shift(row, row[LISTS])
    first, links = starts[d], starts[d + 1] - starts[d]
    inputs, w = shift(starts, row[MAPS] + 1 + first), shift(W, first * K * L)
    j = 0
    while j + 12 <= many:
        at = j * LANES
        _single_12(shift(y, at), w, shift(x, at), inputs, links, plane, line, K * L, K, L, 1, LANES)
        j += 12
    while j + 5 <= many:
        at = j * LANES
        _single_5(shift(y, at), w, shift(x, at), inputs, links, plane, line, K * L, K, L, 1, LANES)
        j += 5
    while j < many:
        at = j * LANES
        _single_1(shift(y, at), w, shift(x, at), inputs, links, plane, line, K * L, K, L, 1, LANES)
        j += 1


@kernel
def _add_pair(row, d, many, W, x, y0, y1):
    """The same for outputs d and d + 1, which have the same inputs."""
    K, L = row[KERNEL_HEIGHT], row[KERNEL_WIDTH]
    line = row[WIDTH] + 2 * row[PADDING]
    plane = (row[HEIGHT] + 2 * row[PADDING]) * line
    starts = shift(row, row[LISTS])
    first, links = starts[d], starts[d + 1] - starts[d]
    inputs, w0 = shift(starts, row[MAPS] + 1 + first), shift(W, first * K * L)
    w1 = shift(w0, links * K * L)
    j = 0
    while j + 6 <= many:
        at = j * LANES
        _pair_6(shift(y0, at), shift(y1, at), w0, w1, shift(x, at), inputs, links, plane, line, K * L, K, L)
        j += 6
    while j < many:
        at = j * LANES
        _pair_1(shift(y0, at), shift(y1, at), w0, w1, shift(x, at), inputs, links, plane, line, K * L, K, L)
        j += 1


@kernel
def _pick_out(row, wide, line, y):
    """The pixels of a map of outputs, from the lines of the inputs that they were computed in."""
    stride, width = row[STRIDE], row[OUT_WIDTH]
    for i in range(row[OUT_HEIGHT]):
        here = vector(y, i * width, width)
        if stride == 1:
            copy(here, vector(wide, i * line, width))
        else:
            pixels = vector(wide, i * stride * line, stride * (width - 1) + 1)
            for j in range(width):
                here[j] = pixels[j * stride]


@operation
def conv_backward_one(row, n, params, grads, acts, deltas, scalars):
    """dW = sum of dy x, db = sum of dy, dx = sum over the links of dy spread out by W, one sample after the other"""
    gradient = vector(grads, row[PARAM], row[LINKS] * row[KERNEL_HEIGHT] * row[KERNEL_WIDTH] + row[MAPS])
    clear(gradient)
    _backward_one(row, n, params, gradient, acts, deltas, gradient.dtype.type(1))


@operation
def conv_backward_sgd(row, n, params, grads, acts, deltas, scalars):
    """The same for plain SGD: W <- W - eta dW, b <- b - eta db, after dx was computed"""
    weights = vector(params, row[PARAM], row[LINKS] * row[KERNEL_HEIGHT] * row[KERNEL_WIDTH] + row[MAPS])
    _backward_one(row, n, params, weights, acts, deltas, -vector(scalars, LEARNING_RATE, 1)[0])


@kernel
def _backward_one(row, n, params, target, acts, deltas, scale):
    """target += scale times the gradient of W and b; dx, if it is asked for."""
    links, size = row[LINKS], row[KERNEL_HEIGHT] * row[KERNEL_WIDTH]
    x, dy, sums = shift(acts, row[PADDED]), shift(deltas, row[SPREAD]), shift(deltas, row[SUMS])
    clear(vector(sums, 0, (links * size + row[MAPS]) * LANES))
    for s in range(n):
        _bordered_one(row, shift(acts, row[IN] + s * row[N_IN]), x)
        _spread_one(row, shift(deltas, row[OUT] + s * row[N_OUT]), dy)
        _add_sums(row, x, dy, sums)
        if row[NEEDS_DX]:
            wide = shift(deltas, row[PADDED])
            _scatter(row, shift(params, row[PARAM]), dy, wide)
            _inner_one(row, wide, shift(deltas, row[IN] + s * row[N_IN]))
    add_lanes(target, sums, scale)


@kernel
def _dy_line(row):
    """Numbers in a line of dy's copy: L - 1 zeros before it, zeros behind it until the last block of a line of dx."""
    return row[KERNEL_WIDTH] - 1 + blocks(row[WIDTH] + 2 * row[PADDING]) * LANES


@kernel
def _spread_one(row, dy, scratch):
    """A copy of dy with zeros between its columns, if there is a stride, and around its lines."""
    stride, height, width = row[STRIDE], row[OUT_HEIGHT], row[OUT_WIDTH]
    before, line = row[KERNEL_WIDTH] - 1, _dy_line(row)
    clear(vector(scratch, 0, row[MAPS] * height * line))
    for k in range(row[MAPS] * height):
        pixels, to = vector(dy, k * width, width), vector(scratch, k * line + before, line - before)
        if stride == 1:
            for j in range(width):
                to[j] = pixels[j]
        else:
            for j in range(width):
                to[j * stride] = pixels[j]


@kernel
def _add_sums(row, x, dy, sums):
    """sums[link, u, v] += sum over the pixels of dy x, lane by lane: two outputs of an input at a time; then dy's."""
    K, L = row[KERNEL_HEIGHT], row[KERNEL_WIDTH]
    line, dy_line, height = row[WIDTH] + 2 * row[PADDING], _dy_line(row), row[OUT_HEIGHT]
    plane, dy_plane = (row[HEIGHT] + 2 * row[PADDING]) * line, height * dy_line
    many, down = blocks(row[STRIDE] * (row[OUT_WIDTH] - 1) + 1), row[STRIDE] * line
    starts = shift(row, row[LISTS] + row[MAPS] + 1 + row[LINKS])
    outputs = shift(starts, row[CHANNELS] + 1)
    numbers = shift(outputs, row[LINKS])
    dy = shift(dy, L - 1)
    for p in range(row[CHANNELS]):
        k = starts[p]
        while k < starts[p + 1]:
            two = k + 1 < starts[p + 1]
            other = k + 1 if two else k
            dy0, s0 = shift(dy, outputs[k] * dy_plane), shift(sums, numbers[k] * K * L * LANES)
            dy1, s1 = shift(dy, outputs[other] * dy_plane), shift(sums, numbers[other] * K * L * LANES)
            for u in range(K):
                to0, to1, at = shift(s0, u * L * LANES), shift(s1, u * L * LANES), shift(x, p * plane + u * line)
                if two:
                    _sums_2(to0, to1, dy0, dy1, at, L, down, LANES, 1, dy_line, height, many)
                else:
                    _sums_1(to0, to0, dy0, dy0, at, L, down, LANES, 1, dy_line, height, many)
            k += 2
    for d in range(row[MAPS]):
        total = vector(sums, (row[LINKS] * K * L + d) * LANES, LANES)
        pixels = vector(dy, d * dy_plane, dy_plane - (L - 1))
        for k in range(pixels.size):
            total[0] += pixels[k]


@kernel
def _scatter(row, W, dy, dx):
    """dx = sum over the links of dy spread out by W, in lines of whole blocks: dy's lines one after the other."""
    K, L, stride = row[KERNEL_HEIGHT], row[KERNEL_WIDTH], row[STRIDE]
    many, dy_line, height = blocks(row[WIDTH] + 2 * row[PADDING]), _dy_line(row), row[OUT_HEIGHT]
    line = many * LANES
    plane = (row[HEIGHT] + 2 * row[PADDING]) * line
    starts = shift(row, row[LISTS] + row[MAPS] + 1 + row[LINKS])
    outputs = shift(starts, row[CHANNELS] + 1)
    numbers = shift(outputs, row[LINKS])
    clear(vector(dx, 0, row[CHANNELS] * plane))
    for p in range(row[CHANNELS]):
        first, links = starts[p], starts[p + 1] - starts[p]
        whose, which = shift(outputs, first), shift(numbers, first)
        for i in range(height):
            to, line_i = shift(dx, p * plane + i * stride * line), shift(dy, i * dy_line)
            t = 0
            while t + 2 <= many:
                to_t, dy_t = shift(to, t * LANES), shift(line_i, t * LANES)
                _scatter_2(to_t, W, dy_t, whose, which, links, height * dy_line, line, K * L, K, L)
                t += 2
            while t < many:
                to_t, dy_t = shift(to, t * LANES), shift(line_i, t * LANES)
                _scatter_1(to_t, W, dy_t, whose, which, links, height * dy_line, line, K * L, K, L)
                t += 1


@kernel
def _inner_one(row, wide, dx):
    """What is inside the border, from lines of whole blocks."""
    P, width, height = row[PADDING], row[WIDTH], row[HEIGHT]
    line = blocks(width + 2 * P) * LANES
    for p in range(row[CHANNELS]):
        for i in range(height):
            at = (p * (height + 2 * P) + P + i) * line + P
            copy(vector(dx, (p * height + i) * width, width), vector(wide, at, width))
