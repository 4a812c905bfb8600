"""Mean pooling: the mean of each window of a map.

    y^(d)_ij = mean of x^(d) over the window at i, j

The windows are s x s and stand side by side, so that every entry of the input goes into one mean.

Source: Boureau, Ponce and LeCun (2010), A theoretical analysis of feature pooling in visual recognition, section 1.1.

Sizes that s does not divide are refused, or, with ``crop``, the rows and columns left over at the end are left out:
they change nothing and get the gradient 0.

Shapes: x (D, H, V, B), y (D, M, N, B).
"""

from typing import NamedTuple

import numpy as np

from handgrad.layers._maps import windows
from handgrad.layers._types import Array


class MeanPoolCache(NamedTuple):
    """s: height and width of a window. shape: that of x."""

    s: int
    shape: tuple[int, ...]


def mean_pool_forward(x: Array, size: int = 2, crop: bool = False) -> tuple[Array, MeanPoolCache]:
    """Maps ``y`` (D, H // size, V // size, B) from maps ``x`` (D, H, V, B). Raises ValueError for sizes that ``size``
    does not divide, unless ``crop``."""
    s = size
    M, N = windows(x, s, crop)
    y = np.zeros((len(x), M, N, x.shape[3]), x.dtype)
    for d in range(len(x)):
        for u, v in np.ndindex(s, s):
            # 1
            y[d] += x[d, u : s * M : s, v : s * N : s] / s**2
    return y, MeanPoolCache(s, x.shape)


def mean_pool_backward(cache: MeanPoolCache, dy: Array) -> Array:
    """From ``dy`` (D, M, N, B) to ``dx`` (D, H, V, B)."""
    s, shape = cache
    _, M, N, _ = dy.shape
    dx = np.zeros(shape, dy.dtype)
    for d in range(len(dy)):
        for u, v in np.ndindex(s, s):
            # 1: y[d] += x[d, u : s * M : s, v : s * N : s] / s**2
            dx[d, u : s * M : s, v : s * N : s] = dy[d] / s**2
    return dx
