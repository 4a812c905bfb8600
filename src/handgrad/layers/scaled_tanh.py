"""LeCun's scaled hyperbolic tangent, element by element.

    y = A tanh(S a)  with A = 1.7159 and S = 2/3, so that y(1) is close to 1 and y(-1) to -1,
    dy/da = S (A - y^2 / A)

Source: LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to document recognition, eq. 6 and
appendix A.

Shapes: a, y (M, B).
"""

from typing import NamedTuple

import numpy as np

from handgrad.layers._types import Array

A = 1.7159
S = 2 / 3


class ScaledTanhCache(NamedTuple):
    """y (M, B): the output; the derivative is a function of it alone."""

    y: Array


def scaled_tanh_forward(a: Array) -> tuple[Array, ScaledTanhCache]:
    """1.7159 tanh(2 a / 3) of every element of ``a`` (M, B)."""
    # 1
    y = A * np.tanh(S * a)
    return y, ScaledTanhCache(y)


def scaled_tanh_backward(cache: ScaledTanhCache, dy: Array) -> Array:
    """From ``dy`` to ``da``, both (M, B)."""
    (y,) = cache
    # 1: y = A * np.tanh(S * a)
    da = dy * S * (A - y**2 / A)
    return da
