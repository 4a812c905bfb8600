"""Softmax followed by cross-entropy, on logits, as one layer: stable, and its derivative is one subtraction.

    l = - sum_j t_j log softmax(a)_j,        dl/da = (sum_j t_j) softmax(a) - t

Source: Bridle (1990), Probabilistic interpretation of feedforward classification network outputs. The derivative is
usually printed as y - t, which holds only where the targets sum to 1; this one holds for any targets.

Shapes: a, t (M, B); l (B,).
"""

from typing import NamedTuple

import numpy as np

from handgrad.layers._types import Array


class SoftmaxCrossEntropyCache(NamedTuple):
    """y (M, B): the probabilities. t (M, B): the targets."""

    y: Array
    t: Array


def softmax_cross_entropy_forward(a: Array, t: Array) -> tuple[Array, SoftmaxCrossEntropyCache]:
    """Loss of each sample, (B,), in nats, from logits ``a`` and targets ``t``, both (M, B)."""
    # 1: subtracting the largest logit keeps exp from overflowing and cancels in the difference
    z = a - a.max(axis=0)
    # 2
    log_y = z - np.log(np.exp(z).sum(axis=0))
    # 3
    l = -(t * log_y).sum(axis=0)  # noqa: E741
    y = np.exp(log_y)
    return l, SoftmaxCrossEntropyCache(y, t)


def softmax_cross_entropy_backward(cache: SoftmaxCrossEntropyCache, dl: Array) -> Array:
    """From ``dl`` (B,) to ``da`` (M, B)."""
    y, t = cache
    # 3, 2, 1: l = -(t * log_y).sum(axis=0), log_y = a - np.log(np.exp(a).sum(axis=0))
    da = dl * (y * t.sum(axis=0) - t)
    return da
