"""Leaky rectified linear unit, element by element.

    y = a where a > 0, else s a, with a small slope s;        dy/da = 1 where a > 0, else s

Source: Maas, Hannun and Ng (2013), Rectifier nonlinearities improve neural network acoustic models, eq. 2.

Shapes: a, y (M, B); s a number in [0, 1).
"""

from typing import NamedTuple

import numpy as np

from handgrad.layers._types import Array


class LeakyReluCache(NamedTuple):
    """a (M, B): the input, whose sign decides."""

    a: Array


def leaky_relu_forward(a: Array, s: float) -> tuple[Array, LeakyReluCache]:
    """``a`` (M, B) where it is positive, ``s * a`` elsewhere."""
    # 1
    y = np.where(a > 0, a, s * a)
    return y, LeakyReluCache(a)


def leaky_relu_backward(cache: LeakyReluCache, dy: Array, s: float) -> Array:
    """From ``dy`` to ``da``, both (M, B)."""
    (a,) = cache
    # 1: y = np.where(a > 0, a, s * a)
    da = np.where(a > 0, dy, s * dy)
    return da
