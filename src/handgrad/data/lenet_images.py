"""Digits as LeNet-5 takes them: 32 x 32 pixels, paper at -0.1 and ink at 1.175.

Source: LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to document recognition, section II-B.
The field is larger than any digit, so that a stroke's end or corner can come to the middle of every unit's view. The
two levels are the paper's; "this makes the mean input roughly 0 and the variance roughly 1", it says. Of MNIST in
32 x 32 the mean is 0.03 and the variance 0.12.

An image of MNIST, 28 x 28, gets a border of two pixels. One of scikit-learn's, 8 x 8, whose digits touch the upper and
the lower border, is enlarged to 24 x 24 (interpolated linearly) and gets a border of four.
"""

from typing import Any

import numpy as np

from handgrad.errors import wrong_shape

Floats = np.ndarray[Any, np.dtype[np.float32]]

SIDE = 32
PAPER, INK = -0.1, 1.175
_ENLARGED = {8: 3}  # sides that are enlarged, and how many times


def enlarged(images: Any) -> Floats:
    """``images`` (n, side, side) in [0, 1] with as many pixels as the digit takes in the field: 28 x 28 as they are,
    8 x 8 as 24 x 24; float32. Raises InputError for what is larger than the field, or not square."""
    x = np.asarray(images, np.float32)
    if x.ndim != 3 or x.shape[1] != x.shape[2] or x.shape[1] > SIDE:
        raise wrong_shape("images", x.shape, ("images", "side", "side"), f"squares of at most {SIDE} pixels")
    times = _ENLARGED.get(x.shape[1], 1)
    if times == 1:
        return x
    weights = _interpolation(x.shape[1], times)
    return np.asarray(np.einsum("ai,nij,bj->nab", weights, x, weights, optimize=True), np.float32)


def _interpolation(side: int, times: int) -> Floats:
    """The matrix (side * times, side) that enlarges a column: each new pixel's centre lies between two old ones."""
    at = np.clip((np.arange(side * times) + 0.5) / times - 0.5, 0, side - 1)
    left = np.minimum(np.floor(at).astype(int), side - 2)
    matrix = np.zeros((side * times, side), np.float32)
    rows = np.arange(side * times)
    matrix[rows, left] = 1 - (at - left)
    matrix[rows, left + 1] = at - left
    return matrix


def in_field(images: Any) -> Floats:
    """``images`` (n, side, side) in [0, 1] as LeNet-5 takes them, float32 (n, 1, 32, 32): enlarged, in the middle of
    the field, from -0.1 to 1.175. Raises InputError for other shapes."""
    content = enlarged(images)
    x = np.empty((len(content), 1, SIDE, SIDE), np.float32)
    place(content, x)
    return x


def place(content: Floats, x: Floats, shifts: Any = None) -> None:
    """Write ``content`` (n, side, side), from ``enlarged``, into the fields ``x`` (n, 1, 32, 32), each moved from the
    middle by its row of ``shifts`` (n, 2), whole pixels down and right, not beyond the border."""
    n, side, _ = content.shape
    free = (SIDE - side) // 2
    moves = np.zeros((n, 2), np.int64) if shifts is None else np.clip(shifts, -free, SIDE - side - free)
    x[...] = PAPER
    for move in np.unique(moves, axis=0):
        chosen = np.flatnonzero((moves == move).all(axis=1))
        top, left = (int(k) for k in free + move)
        x[chosen, 0, top : top + side, left : left + side] = content[chosen] * np.float32(INK - PAPER) + np.float32(
            PAPER
        )
