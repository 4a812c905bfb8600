"""Rows of a program for images: sizes, scratch, and the lists of links."""

from collections.abc import Callable
from typing import Any

import numpy as np

from handgrad.kernels import _rows as row
from handgrad.network.images import Conv2D, Flatten, Subsample
from handgrad.network.layers import Shape

Integers = np.ndarray[Any, np.dtype[np.int64]]


def blocks(size: int) -> int:
    """``size`` rounded up to whole blocks of LANES numbers."""
    return -(-size // row.LANES) * row.LANES


def image_sizes(r: list[int], layer: Any, shape: Shape, lanes: int) -> None:
    """Write into row ``r`` what an operation on images of ``shape`` must know, ``lanes`` samples lying side by side."""
    r[row.ROUND] = 0 if isinstance(layer, Flatten) else lanes - 1
    r[row.CHANNELS], r[row.HEIGHT], r[row.WIDTH] = shape
    behind = layer.output_shape(shape)
    if len(behind) == 3:
        r[row.MAPS], r[row.OUT_HEIGHT], r[row.OUT_WIDTH] = behind
    if isinstance(layer, Conv2D):
        r[row.KERNEL_HEIGHT], r[row.KERNEL_WIDTH] = layer.kernel
        r[row.STRIDE], r[row.PADDING], r[row.LINKS] = layer.stride, layer.padding, int(layer.table(shape[0]).sum())
    elif hasattr(layer, "size"):
        r[row.KERNEL_HEIGHT] = r[row.KERNEL_WIDTH] = r[row.STRIDE] = layer.size


def image_scratch(r: list[int], layer: Any, lanes: int, place: Callable[[int], int]) -> None:
    """Give an operation on images its scratch; ``place(size)`` finds room for so many numbers."""
    if isinstance(layer, Subsample):
        r[row.SUMS] = place(2 * r[row.MAPS] * row.LANES)
    if not isinstance(layer, Conv2D):
        return
    height, width = r[row.HEIGHT] + 2 * layer.padding, r[row.WIDTH] + 2 * layer.padding
    rows, columns = ((n - 1) * layer.stride + 1 for n in (r[row.OUT_HEIGHT], r[row.OUT_WIDTH]))
    if lanes == 1:
        r[row.PADDED] = place(r[row.CHANNELS] * height * blocks(width) + row.LANES)
        lines = r[row.MAPS] * r[row.OUT_HEIGHT] * (layer.kernel[1] - 1 + blocks(width))
        r[row.SPREAD] = place(max(2 * blocks(rows * width), lines))
    else:
        r[row.PADDED] = place(r[row.CHANNELS] * height * width * lanes) if layer.padding else r[row.IN]
        r[row.SPREAD] = place(r[row.MAPS] * rows * columns * lanes) if layer.stride > 1 else r[row.OUT]
    r[row.SUMS] = place((r[row.LINKS] * layer.kernel[0] * layer.kernel[1] + r[row.MAPS]) * row.LANES)


def link_lists(table: np.ndarray[Any, np.dtype[np.bool_]]) -> list[int]:
    """The lists that a convolution reads, from its links (inputs, outputs): see ``LISTS`` in ``kernels/_rows.py``."""
    number = np.cumsum(table.T).reshape(table.T.shape).T - 1  # of each link, in the order of outputs
    of_outputs, of_inputs = table.sum(axis=0), table.sum(axis=1)
    parts = (
        [0, *np.cumsum(of_outputs)],
        np.nonzero(table.T)[1],
        [0, *np.cumsum(of_inputs)],
        np.nonzero(table)[1],
        number[table],
    )
    return [int(n) for part in parts for n in part]


def with_lists(rows: list[list[int]], lists: dict[int, list[int]]) -> Integers:
    """The table of ``rows`` with the lists behind it, each beginning a row of its own; ``lists`` by number of the row
    that reads it."""
    behind: list[list[int]] = []
    for i, numbers in lists.items():
        rows[i][row.LISTS] = (len(rows) + len(behind) - i) * row.COLUMNS
        for first in range(0, len(numbers), row.COLUMNS):
            part = numbers[first : first + row.COLUMNS]
            behind.append(part + [0] * (row.COLUMNS - len(part)))
    return np.array(rows + behind, dtype=np.int64)
