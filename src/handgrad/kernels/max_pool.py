"""Max pooling. Equations: ``layers/max_pool.py``. Two forms, as ``conv.py`` has them. NaN counts as the largest."""

from handgrad.kernels._jit import operation, vector
from handgrad.kernels._pool_tiles import largest_line, to_the_largest_line
from handgrad.kernels._rows import HEIGHT, IN, KERNEL_WIDTH, LANES, MAPS, N_IN, OUT_HEIGHT, OUT_WIDTH, WIDTH
from handgrad.kernels._tiles import shift
from handgrad.kernels.mean_pool import clear_cropped, map_behind, map_of


@operation
def max_pool_forward(row, n, params, grads, acts, deltas, scalars):
    """y = the largest pixel of each window, LANES samples at a time"""
    size, columns, line = row[KERNEL_WIDTH], row[OUT_WIDTH], row[WIDTH] * LANES
    for k in range(n // LANES * row[MAPS]):
        x, y = map_of(row, acts, k, LANES), map_behind(row, acts, k, LANES)
        for i in range(row[OUT_HEIGHT]):
            largest_line(shift(y, i * columns * LANES), shift(x, i * size * line), columns, size, line)


@operation
def max_pool_backward(row, n, params, grads, acts, deltas, scalars):
    """dx = dy at the first of the largest pixels of each window, LANES samples at a time"""
    size, columns, line = row[KERNEL_WIDTH], row[OUT_WIDTH], row[WIDTH] * LANES
    clear_cropped(row, vector(deltas, row[IN], n * row[N_IN]))
    for k in range(n // LANES * row[MAPS]):
        x, y = map_of(row, acts, k, LANES), map_behind(row, acts, k, LANES)
        dx, dy = map_of(row, deltas, k, LANES), map_behind(row, deltas, k, LANES)
        for i in range(row[OUT_HEIGHT]):
            of, at = i * size * line, i * columns * LANES
            to_the_largest_line(shift(dx, of), shift(dy, at), shift(y, at), shift(x, of), columns, size, line)


@operation
def max_pool_forward_one(row, n, params, grads, acts, deltas, scalars):
    """y = the largest pixel of each window, for one sample after the other"""
    size, width, height, columns = row[KERNEL_WIDTH], row[WIDTH], row[OUT_HEIGHT], row[OUT_WIDTH]
    for k in range(n * row[MAPS]):
        x = vector(map_of(row, acts, k, 1), 0, row[HEIGHT] * width)
        y = vector(map_behind(row, acts, k, 1), 0, height * columns)
        for i in range(height):
            for j in range(columns):
                top = x[i * size * width + j * size]
                for u in range(size):
                    for v in range(size):
                        pixel = x[(i * size + u) * width + j * size + v]
                        top = pixel if pixel > top or pixel != pixel else top
                y[i * columns + j] = top


@operation
def max_pool_backward_one(row, n, params, grads, acts, deltas, scalars):
    """dx = dy at the first of the largest pixels of each window, for one sample after the other"""
    size, width, height, columns = row[KERNEL_WIDTH], row[WIDTH], row[OUT_HEIGHT], row[OUT_WIDTH]
    pixels, windows = row[HEIGHT] * width, height * columns
    clear_cropped(row, vector(deltas, row[IN], n * row[N_IN]))
    for k in range(n * row[MAPS]):
        x, dx = vector(map_of(row, acts, k, 1), 0, pixels), vector(map_of(row, deltas, k, 1), 0, pixels)
        y, dy = vector(map_behind(row, acts, k, 1), 0, windows), vector(map_behind(row, deltas, k, 1), 0, windows)
        for i in range(height):
            for j in range(columns):
                top, rest, zero = y[i * columns + j], dy[i * columns + j], dx.dtype.type(0)
                for u in range(size):
                    for v in range(size):
                        at = (i * size + u) * width + j * size + v
                        taken = not x[at] < top
                        dx[at] = rest if taken else zero
                        rest = zero if taken else rest
