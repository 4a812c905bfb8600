"""What operations on images share: borders, zeros between pixels, sums across lanes. The layout: ``_rows.py``."""

from handgrad.kernels._jit import kernel, vector
from handgrad.kernels._rows import CHANNELS, HEIGHT, LANES, MAPS, OUT_HEIGHT, OUT_WIDTH, PADDING, STRIDE, WIDTH
from handgrad.kernels._tiles import shift
from handgrad.kernels.dense import clear


@kernel
def fill(a, value):
    """The same number everywhere."""
    for i in range(a.size):
        a[i] = value


@kernel
def copy(to, a):
    """to <- a; as a slice assignment it would take much longer to compile."""
    for i in range(a.size):
        to[i] = a[i]


@kernel
def bordered(row, x, scratch):
    """Maps with a border of zeros (in batches): x itself, or a copy in ``scratch``."""
    P, line = row[PADDING], row[WIDTH] * LANES
    if P == 0:
        return x
    wide = line + 2 * P * LANES
    clear(vector(scratch, 0, row[CHANNELS] * (row[HEIGHT] + 2 * P) * wide))
    for p in range(row[CHANNELS]):
        for i in range(row[HEIGHT]):
            to = (p * (row[HEIGHT] + 2 * P) + P + i) * wide + P * LANES
            copy(vector(scratch, to, line), vector(x, (p * row[HEIGHT] + i) * line, line))
    return scratch


@kernel
def inner(row, dx_bordered, dx):
    """The opposite for gradients: what is inside the border, if there is one."""
    P, line = row[PADDING], row[WIDTH] * LANES
    if P == 0:
        return
    wide = line + 2 * P * LANES
    for p in range(row[CHANNELS]):
        for i in range(row[HEIGHT]):
            at = (p * (row[HEIGHT] + 2 * P) + P + i) * wide + P * LANES
            copy(vector(dx, (p * row[HEIGHT] + i) * line, line), vector(dx_bordered, at, line))


@kernel
def spread(row, dy, scratch):
    """dy as the output of a stride of 1 (in batches): itself, or a copy with zeros where the stride left pixels out."""
    stride, height, width = row[STRIDE], row[OUT_HEIGHT], row[OUT_WIDTH]
    if stride == 1:
        return dy
    rows, line = stride * (height - 1) + 1, (stride * (width - 1) + 1) * LANES
    clear(vector(scratch, 0, row[MAPS] * rows * line))
    for d in range(row[MAPS]):
        for i in range(height):
            at, to = (d * height + i) * width * LANES, (d * rows + i * stride) * line
            for j in range(width):
                pixel = vector(dy, at + j * LANES, LANES)
                copy(vector(shift(scratch, to + j * stride * LANES), 0, LANES), pixel)
    return scratch


@kernel
def add_lanes(target, sums, scale):
    """target[k] += scale times the sum of its LANES sums."""
    lanes = vector(sums, 0, target.size * LANES)
    for k in range(target.size):
        total = target.dtype.type(0)
        for lane in range(LANES):
            total += lanes[k * LANES + lane]
        target[k] += scale * total
