"""Trainable subsampling. Equations: ``layers/subsample.py``. Two forms, as ``conv.py`` has them."""

from handgrad.kernels._jit import kernel, operation, vector
from handgrad.kernels._pool_tiles import mean_line, spread_line, weigh_line
from handgrad.kernels._rows import (
    IN,
    KERNEL_WIDTH,
    LANES,
    LEARNING_RATE,
    MAPS,
    N_IN,
    NEEDS_DX,
    OUT_HEIGHT,
    OUT_WIDTH,
    PARAM,
    SUMS,
    WIDTH,
)
from handgrad.kernels._tiles import shift
from handgrad.kernels.dense import clear
from handgrad.kernels.mean_pool import clear_cropped, map_behind, map_of, mean_map, one_by_squared, spread_map


@operation
def subsample_forward(row, n, params, grads, acts, deltas, scalars):
    """y = w mean of each window + a, LANES samples at a time"""
    size, columns, line, D = row[KERNEL_WIDTH], row[OUT_WIDTH], row[WIDTH] * LANES, row[MAPS]
    w, a = vector(params, row[PARAM], D), vector(params, row[PARAM] + D, D)
    scale = one_by_squared(size, w)
    for k in range(n // LANES * D):
        x, y, d = map_of(row, acts, k, LANES), map_behind(row, acts, k, LANES), k % D
        for i in range(row[OUT_HEIGHT]):
            to, of = shift(y, i * columns * LANES), shift(x, i * size * line)
            mean_line(to, of, scale * w[d], a[d], columns, size, line)


@operation
def subsample_backward(row, n, params, grads, acts, deltas, scalars):
    """dw = sum of dy mean, da = sum of dy, dx = w dy / size^2 in each window, LANES samples at a time"""
    size, columns, line, D = row[KERNEL_WIDTH], row[OUT_WIDTH], row[WIDTH] * LANES, row[MAPS]
    w, sums = vector(params, row[PARAM], D), shift(deltas, row[SUMS])
    scale = one_by_squared(size, w)
    clear(vector(sums, 0, 2 * D * LANES))
    if row[NEEDS_DX]:
        clear_cropped(row, vector(deltas, row[IN], n * row[N_IN]))
    for k in range(n // LANES * D):
        x, dx = map_of(row, acts, k, LANES), map_of(row, deltas, k, LANES)
        dy, d = map_behind(row, deltas, k, LANES), k % D
        for i in range(row[OUT_HEIGHT]):
            cotangents, of = shift(dy, i * columns * LANES), i * size * line
            weigh_line(shift(sums, 2 * d * LANES), cotangents, shift(x, of), columns, size, line)
            if row[NEEDS_DX]:
                spread_line(shift(dx, of), cotangents, scale * w[d], columns, size, line)
    _finish(vector(grads, row[PARAM], 2 * D), sums, scale)


@kernel
def _finish(gradient, sums, scale):
    """dw and da, from LANES sums for each: those of a map stand side by side."""
    D = gradient.size // 2
    lanes = vector(sums, 0, 2 * D * LANES)
    for d in range(D):
        weighed, total = gradient.dtype.type(0), gradient.dtype.type(0)
        for lane in range(LANES):
            weighed += lanes[2 * d * LANES + lane]
            total += lanes[(2 * d + 1) * LANES + lane]
        gradient[d], gradient[D + d] = scale * weighed, total


@operation
def subsample_forward_one(row, n, params, grads, acts, deltas, scalars):
    """y = w mean of each window + a, for one sample after the other"""
    D = row[MAPS]
    w, a = vector(params, row[PARAM], D), vector(params, row[PARAM] + D, D)
    scale = one_by_squared(row[KERNEL_WIDTH], w)
    for k in range(n * D):
        mean_map(row, map_of(row, acts, k, 1), map_behind(row, acts, k, 1), scale * w[k % D], a[k % D])


@operation
def subsample_backward_one(row, n, params, grads, acts, deltas, scalars):
    """dw = sum of dy mean, da = sum of dy, dx = w dy / size^2 in each window, for one sample after the other"""
    gradient = vector(grads, row[PARAM], 2 * row[MAPS])
    clear(gradient)
    _backward_one(row, n, params, gradient, acts, deltas, gradient.dtype.type(1))


@operation
def subsample_backward_sgd(row, n, params, grads, acts, deltas, scalars):
    """The same for plain SGD: w <- w - eta dw, a <- a - eta da, after dx was computed"""
    weights = vector(params, row[PARAM], 2 * row[MAPS])
    _backward_one(row, n, params, weights, acts, deltas, -vector(scalars, LEARNING_RATE, 1)[0])


@kernel
def _backward_one(row, n, params, target, acts, deltas, step):
    """target += step times the gradient of w and a; dx, if it is asked for."""
    D = row[MAPS]
    scale = one_by_squared(row[KERNEL_WIDTH], target)
    w = vector(params, row[PARAM], D)
    if row[NEEDS_DX]:
        clear_cropped(row, vector(deltas, row[IN], n * row[N_IN]))
        for k in range(n * D):
            spread_map(row, map_of(row, deltas, k, 1), map_behind(row, deltas, k, 1), scale * w[k % D])
    for k in range(n * D):
        d = k % D
        weighed, total = _weigh_map(row, map_of(row, acts, k, 1), map_behind(row, deltas, k, 1), target)
        target[d] += step * scale * weighed
        target[D + d] += step * total


@kernel
def _weigh_map(row, x, dy, like):
    """Sum of dy times the sum of its window, and sum of dy, for one map."""
    size, width, height, columns = row[KERNEL_WIDTH], row[WIDTH], row[OUT_HEIGHT], row[OUT_WIDTH]
    pixels, cotangents = vector(x, 0, size * height * width), vector(dy, 0, height * columns)
    weighed, total = like.dtype.type(0), like.dtype.type(0)
    for i in range(height):
        for j in range(columns):
            window = like.dtype.type(0)
            for u in range(size):
                for v in range(size):
                    window += pixels[(i * size + u) * width + j * size + v]
            cotangent = cotangents[i * columns + j]
            weighed += cotangent * window
            total += cotangent
    return weighed, total
