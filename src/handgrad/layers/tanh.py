"""Hyperbolic tangent, element by element.

    y = tanh(a),        dy/da = 1 - y^2

Source: LeCun, Bottou, Orr and Müller (1998), Efficient BackProp, section 4.4.

Shapes: a, y (M, B).
"""

from typing import NamedTuple

import numpy as np

from handgrad.layers._types import Array


class TanhCache(NamedTuple):
    """y (M, B): the output; the derivative is a function of it alone."""

    y: Array


def tanh_forward(a: Array) -> tuple[Array, TanhCache]:
    """Hyperbolic tangent of every element of ``a`` (M, B)."""
    # 1
    y = np.tanh(a)
    return y, TanhCache(y)


def tanh_backward(cache: TanhCache, dy: Array) -> Array:
    """From ``dy`` to ``da``, both (M, B)."""
    (y,) = cache
    # 1: y = np.tanh(a)
    da = dy * (1 - y**2)
    return da
