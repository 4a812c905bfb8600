"""Sigmoid followed by binary cross-entropy, on logits, as one layer: stable at any logit.

    l = - sum_j [ t_j log y_j + (1 - t_j) log(1 - y_j) ],  y = sigmoid(a)
      = sum_j [ max(a_j, 0) - a_j t_j + log(1 + exp(-|a_j|)) ],        dl/da = y - t

Source: Bishop (2006), Pattern Recognition and Machine Learning, eq. 4.90 and 4.91; the stable form multiplies both
logarithms out.

Shapes: a, t (M, B), t in [0, 1]; l (B,).
"""

from typing import NamedTuple

import numpy as np

from handgrad.layers._types import Array


class SigmoidCrossEntropyCache(NamedTuple):
    """y (M, B): the probabilities. t (M, B): the targets."""

    y: Array
    t: Array


@np.errstate(over="ignore")  # exp(-a) may overflow to infinity where y is 0 anyway
def sigmoid_cross_entropy_forward(a: Array, t: Array) -> tuple[Array, SigmoidCrossEntropyCache]:
    """Loss of each sample, (B,), in nats, from logits ``a`` and targets ``t``, both (M, B)."""
    # 1
    l = (np.maximum(a, 0) - a * t + np.log1p(np.exp(-np.abs(a)))).sum(axis=0)  # noqa: E741
    y = 1 / (1 + np.exp(-a))
    return l, SigmoidCrossEntropyCache(y, t)


def sigmoid_cross_entropy_backward(cache: SigmoidCrossEntropyCache, dl: Array) -> Array:
    """From ``dl`` (B,) to ``da`` (M, B)."""
    y, t = cache
    # 1: the derivative of log(1 + exp(a)) is y, that of a * t is t
    da = dl * (y - t)
    return da
