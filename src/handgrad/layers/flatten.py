"""The maps of a sample as one column: map after map, row after row.

    y_((d H + i) V + j) = x^(d)_ij

Source: none is needed; the order is that of C, and of what PyTorch's ``flatten`` makes of (samples, channels, height,
width).

Shapes: x (D, H, V, B), y (P, B), with P = D H V.
"""

from typing import NamedTuple

import numpy as np

from handgrad.layers._types import Array


class FlattenCache(NamedTuple):
    """shape: that of x."""

    shape: tuple[int, ...]


def flatten_forward(x: Array) -> tuple[Array, FlattenCache]:
    """Columns ``y`` (P, B) from maps ``x`` (D, H, V, B)."""
    D, H, V, B = x.shape
    y = np.zeros((D * H * V, B), x.dtype)
    for d, i, j in np.ndindex(D, H, V):
        # 1
        y[(d * H + i) * V + j] = x[d, i, j]
    return y, FlattenCache(x.shape)


def flatten_backward(cache: FlattenCache, dy: Array) -> Array:
    """From ``dy`` (P, B) to ``dx`` (D, H, V, B)."""
    D, H, V, B = cache.shape
    dx = np.zeros(cache.shape, dy.dtype)
    for d, i, j in np.ndindex(D, H, V):
        # 1: y[(d * H + i) * V + j] = x[d, i, j]
        dx[d, i, j] = dy[(d * H + i) * V + j]
    return dx
