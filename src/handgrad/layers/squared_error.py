"""Squared error, summed over the outputs of a sample (no factor 1/2: see half_squared_error).

    l = sum_j (y_j - t_j)^2,        dl/dy = 2 (y - t)

Source: the loss of the two-hidden-layer report on linear and XOR points (2020), L = (y - y^)^2.

Shapes: y, t (M, B); l (B,).
"""

from typing import NamedTuple

from handgrad.layers._types import Array


class SquaredErrorCache(NamedTuple):
    """e (M, B): prediction minus target."""

    e: Array


def squared_error_forward(y: Array, t: Array) -> tuple[Array, SquaredErrorCache]:
    """Loss of each sample, (B,), from predictions ``y`` and targets ``t``, both (M, B)."""
    # 1
    e = y - t
    # 2
    l = (e**2).sum(axis=0)  # noqa: E741
    return l, SquaredErrorCache(e)


def squared_error_backward(cache: SquaredErrorCache, dl: Array) -> Array:
    """From ``dl`` (B,) to ``dy`` (M, B)."""
    (e,) = cache
    # 2: l = (e**2).sum(axis=0)
    de = 2 * e * dl
    # 1: e = y - t
    dy = de
    return dy
