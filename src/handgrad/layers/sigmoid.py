"""Logistic sigmoid, element by element.

    y = 1 / (1 + exp(-a)),        dy/da = y (1 - y)

Source: Rumelhart, Hinton and Williams (1986), Learning representations by back-propagating errors, eq. 2.

Shapes: a, y (M, B).
"""

from typing import NamedTuple

import numpy as np

from handgrad.layers._types import Array


class SigmoidCache(NamedTuple):
    """y (M, B): the output; the derivative is a function of it alone."""

    y: Array


@np.errstate(over="ignore")  # exp overflows to infinity for a < -709, and 1 / infinity is the right answer, 0
def sigmoid_forward(a: Array) -> tuple[Array, SigmoidCache]:
    """Sigmoid of every element of ``a`` (M, B)."""
    # 1
    y = 1 / (1 + np.exp(-a))
    return y, SigmoidCache(y)


def sigmoid_backward(cache: SigmoidCache, dy: Array) -> Array:
    """From ``dy`` to ``da``, both (M, B)."""
    (y,) = cache
    # 1: y = 1 / (1 + np.exp(-a))
    da = dy * y * (1 - y)
    return da
