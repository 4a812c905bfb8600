"""Mean pooling. Equations: ``layers/mean_pool.py``. Two forms, as ``conv.py`` has them."""

from handgrad.kernels._jit import kernel, operation, vector
from handgrad.kernels._pool_tiles import mean_line, spread_line
from handgrad.kernels._rows import HEIGHT, IN, KERNEL_WIDTH, LANES, MAPS, N_IN, N_OUT, OUT, OUT_HEIGHT, OUT_WIDTH, WIDTH
from handgrad.kernels._tiles import shift
from handgrad.kernels.dense import clear


@kernel
def one_by_squared(size, like):
    """1 / size^2, of the dtype of ``like``."""
    return like.dtype.type(1) / like.dtype.type(size * size)


@operation
def mean_pool_forward(row, n, params, grads, acts, deltas, scalars):
    """y = mean of each window, LANES samples at a time"""
    size, columns, line = row[KERNEL_WIDTH], row[OUT_WIDTH], row[WIDTH] * LANES
    every = vector(acts, row[OUT], n * row[N_OUT])
    scale, zero = one_by_squared(size, every), every.dtype.type(0)
    for k in range(n // LANES * row[MAPS]):
        x, y = map_of(row, acts, k, LANES), map_behind(row, acts, k, LANES)
        for i in range(row[OUT_HEIGHT]):
            mean_line(shift(y, i * columns * LANES), shift(x, i * size * line), scale, zero, columns, size, line)


@operation
def mean_pool_backward(row, n, params, grads, acts, deltas, scalars):
    """dx = dy / size^2 in each window, LANES samples at a time"""
    size, columns, line = row[KERNEL_WIDTH], row[OUT_WIDTH], row[WIDTH] * LANES
    every = vector(deltas, row[IN], n * row[N_IN])
    scale = one_by_squared(size, every)
    clear_cropped(row, every)
    for k in range(n // LANES * row[MAPS]):
        dx, dy = map_of(row, deltas, k, LANES), map_behind(row, deltas, k, LANES)
        for i in range(row[OUT_HEIGHT]):
            spread_line(shift(dx, i * size * line), shift(dy, i * columns * LANES), scale, columns, size, line)


@kernel
def map_of(row, data, k, lanes):
    """Map k of the input, counted through all samples or blocks of samples."""
    return shift(data, row[IN] + k * row[HEIGHT] * row[WIDTH] * lanes)


@kernel
def map_behind(row, data, k, lanes):
    """Map k of the output."""
    return shift(data, row[OUT] + k * row[OUT_HEIGHT] * row[OUT_WIDTH] * lanes)


@kernel
def clear_cropped(row, dx):
    """Zeros, where some pixels are in no window."""
    size = row[KERNEL_WIDTH]
    if row[HEIGHT] != size * row[OUT_HEIGHT] or row[WIDTH] != size * row[OUT_WIDTH]:
        clear(dx)


@operation
def mean_pool_forward_one(row, n, params, grads, acts, deltas, scalars):
    """y = mean of each window, for one sample after the other"""
    every = vector(acts, row[OUT], n * row[N_OUT])
    scale, zero = one_by_squared(row[KERNEL_WIDTH], every), every.dtype.type(0)
    for k in range(n * row[MAPS]):
        mean_map(row, map_of(row, acts, k, 1), map_behind(row, acts, k, 1), scale, zero)


@kernel
def mean_map(row, x, y, scale, summand):
    """y = scale * sum of each window + summand, for one map."""
    size, width, height, columns = row[KERNEL_WIDTH], row[WIDTH], row[OUT_HEIGHT], row[OUT_WIDTH]
    pixels, means = vector(x, 0, row[HEIGHT] * width), vector(y, 0, height * columns)
    for i in range(height):
        for j in range(columns):
            total = means.dtype.type(0)
            for u in range(size):
                for v in range(size):
                    total += pixels[(i * size + u) * width + j * size + v]
            means[i * columns + j] = scale * total + summand


@operation
def mean_pool_backward_one(row, n, params, grads, acts, deltas, scalars):
    """dx = dy / size^2 in each window, for one sample after the other"""
    every = vector(deltas, row[IN], n * row[N_IN])
    scale = one_by_squared(row[KERNEL_WIDTH], every)
    clear_cropped(row, every)
    for k in range(n * row[MAPS]):
        spread_map(row, map_of(row, deltas, k, 1), map_behind(row, deltas, k, 1), scale)


@kernel
def spread_map(row, dx, dy, scale):
    """dx = scale * dy in each window, for one map."""
    size, width, height, columns = row[KERNEL_WIDTH], row[WIDTH], row[OUT_HEIGHT], row[OUT_WIDTH]
    pixels, cotangents = vector(dx, 0, row[HEIGHT] * width), vector(dy, 0, height * columns)
    for i in range(height):
        for j in range(columns):
            value = scale * cotangents[i * columns + j]
            for u in range(size):
                for v in range(size):
                    pixels[(i * size + u) * width + j * size + v] = value
