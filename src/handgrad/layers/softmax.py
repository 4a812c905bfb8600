"""Softmax over the features of each sample.

    y_i = exp(a_i) / sum_j exp(a_j),        dy_i/da_j = y_i (delta_ij - y_j)

Source: Bridle (1990), Probabilistic interpretation of feedforward classification network outputs, eq. 5. The largest
entry of a column is subtracted first, which changes nothing in exact arithmetic and keeps exp from overflowing.

Shapes: a, y (M, B).
"""

from typing import NamedTuple

import numpy as np

from handgrad.layers._types import Array


class SoftmaxCache(NamedTuple):
    """y (M, B): the output; the derivative is a function of it alone."""

    y: Array


def softmax_forward(a: Array) -> tuple[Array, SoftmaxCache]:
    """Probabilities from logits ``a`` (M, B); every column of the result sums to 1."""
    # 1
    e = np.exp(a - a.max(axis=0))
    # 2
    y = e / e.sum(axis=0)
    return y, SoftmaxCache(y)


def softmax_backward(cache: SoftmaxCache, dy: Array) -> Array:
    """From ``dy`` to ``da``, both (M, B)."""
    (y,) = cache
    # 2, 1: y = e / e.sum(axis=0), e = np.exp(a)
    da = y * (dy - (dy * y).sum(axis=0))
    return da
