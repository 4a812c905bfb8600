"""Trainable subsampling: the mean of each window of a map, times a weight of the map, plus a bias of the map.

    y^(d)_ij = w^(d) mean of x^(d) over the window at i, j + a^(d)

The windows are s x s and stand side by side. The activation behind it is a layer of its own.

Source: LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to document recognition, section II-B
(there the sum of the window, so that their weight is ours divided by s^2); Liao (2018), Assignment 4: BP, section 3.3.

Sizes that s does not divide are refused, or, with ``crop``, the rows and columns left over at the end are left out:
they change nothing and get the gradient 0.

Shapes: w (D,), a (D,), x (D, H, V, B), m (D, M, N, B), y (D, M, N, B).
"""

from typing import NamedTuple

import numpy as np

from handgrad.layers._maps import windows
from handgrad.layers._types import Array


class SubsampleParams(NamedTuple):
    """w (D,): a weight for each map. a (D,): a bias for each map."""

    w: Array
    a: Array


class SubsampleCache(NamedTuple):
    """m (D, M, N, B): the means of the windows. s: height and width of a window. shape: that of x."""

    m: Array
    s: int
    shape: tuple[int, ...]


def subsample_forward(
    params: SubsampleParams, x: Array, size: int = 2, crop: bool = False
) -> tuple[Array, SubsampleCache]:
    """Maps ``y`` (D, H // size, V // size, B) from maps ``x`` (D, H, V, B). Raises ValueError for sizes that ``size``
    does not divide, unless ``crop``."""
    w, a = params
    s = size
    M, N = windows(x, s, crop)
    m = np.zeros((len(x), M, N, x.shape[3]), x.dtype)
    y = np.zeros(m.shape, np.result_type(w, a, x))
    for d in range(len(x)):
        for u, v in np.ndindex(s, s):
            # 1
            m[d] += x[d, u : s * M : s, v : s * N : s] / s**2
        # 2
        y[d] = w[d] * m[d] + a[d]
    return y, SubsampleCache(m, s, x.shape)


def subsample_backward(params: SubsampleParams, cache: SubsampleCache, dy: Array) -> tuple[Array, SubsampleParams]:
    """From ``dy`` (D, M, N, B) to ``dx`` (D, H, V, B) and the gradients ``dw`` and ``da``, both (D,)."""
    w, a = params
    m, s, shape = cache
    _, M, N, _ = dy.shape
    dw, da, dx = np.zeros_like(w), np.zeros_like(a), np.zeros(shape, dy.dtype)
    for d in range(len(dy)):
        # 2: y[d] = w[d] * m[d] + a[d]
        dw[d] = (dy[d] * m[d]).sum()
        da[d] = dy[d].sum()
        for u, v in np.ndindex(s, s):
            # 2, 1: y[d] = w[d] * m[d] + a[d], m[d] += x[d, u : s * M : s, v : s * N : s] / s**2
            dx[d, u : s * M : s, v : s * N : s] = w[d] / s**2 * dy[d]
    return dx, SubsampleParams(dw, da)
