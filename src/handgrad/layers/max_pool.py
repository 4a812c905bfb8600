"""Max pooling: the largest entry of each window of a map.

    y^(d)_ij = max of x^(d) over the window at i, j

The windows are s x s and stand side by side. k tells which entry it was, counted row by row, and the gradient goes to
that entry alone; of several that are equal, to the first.

Source: Boureau, Ponce and LeCun (2010), A theoretical analysis of feature pooling in visual recognition, section 1.1.

Sizes that s does not divide are refused, or, with ``crop``, the rows and columns left over at the end are left out:
they change nothing and get the gradient 0.

Shapes: x (D, H, V, B), k (D, M, N, B), y (D, M, N, B).
"""

from typing import Any, NamedTuple

import numpy as np

from handgrad.layers._maps import windows
from handgrad.layers._types import Array


class MaxPoolCache(NamedTuple):
    """k (D, M, N, B): which entry of its window was taken, s u + v. s: height and width of a window. shape: x's."""

    k: np.ndarray[Any, np.dtype[np.integer[Any]]]
    s: int
    shape: tuple[int, ...]


def max_pool_forward(x: Array, size: int = 2, crop: bool = False) -> tuple[Array, MaxPoolCache]:
    """Maps ``y`` (D, H // size, V // size, B) from maps ``x`` (D, H, V, B). Raises ValueError for sizes that ``size``
    does not divide, unless ``crop``."""
    s = size
    M, N = windows(x, s, crop)
    y = np.zeros((len(x), M, N, x.shape[3]), x.dtype)
    k = np.zeros(y.shape, np.intp)
    for d in range(len(x)):
        # 1
        k[d] = np.argmax([x[d, u : s * M : s, v : s * N : s] for u, v in np.ndindex(s, s)], axis=0)
        # 2
        y[d] = np.max([x[d, u : s * M : s, v : s * N : s] for u, v in np.ndindex(s, s)], axis=0)
    return y, MaxPoolCache(k, s, x.shape)


def max_pool_backward(cache: MaxPoolCache, dy: Array) -> Array:
    """From ``dy`` (D, M, N, B) to ``dx`` (D, H, V, B)."""
    k, s, shape = cache
    _, M, N, _ = dy.shape
    dx = np.zeros(shape, dy.dtype)
    for d in range(len(dy)):
        for u, v in np.ndindex(s, s):
            # 2: y[d] = np.max([x[d, u : s * M : s, v : s * N : s] for u, v in np.ndindex(s, s)], axis=0)
            dx[d, u : s * M : s, v : s * N : s] = np.where(k[d] == s * u + v, dy[d], 0)
    return dx
