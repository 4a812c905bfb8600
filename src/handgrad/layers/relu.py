"""Rectified linear unit, element by element.

    y = max(a, 0),        dy/da = 1 where a > 0, else 0 (at the kink itself the left derivative, 0)

Source: Nair and Hinton (2010), Rectified linear units improve restricted Boltzmann machines, section 2.

Shapes: a, y (M, B).
"""

from typing import NamedTuple

import numpy as np

from handgrad.layers._types import Array


class ReluCache(NamedTuple):
    """y (M, B): the output, which is positive exactly where a is."""

    y: Array


def relu_forward(a: Array) -> tuple[Array, ReluCache]:
    """max(a, 0) of every element of ``a`` (M, B)."""
    # 1
    y = np.maximum(a, 0)
    return y, ReluCache(y)


def relu_backward(cache: ReluCache, dy: Array) -> Array:
    """From ``dy`` to ``da``, both (M, B)."""
    (y,) = cache
    # 1: y = np.maximum(a, 0)
    da = dy * (y > 0)
    return da
