"""Half the squared error, summed over the outputs of a sample: the factor 1/2 makes the derivative the plain error.

    l = 1/2 sum_j (y_j - t_j)^2,        dl/dy = y - t

Source: Rumelhart, Hinton and Williams (1986), Learning representations by back-propagating errors, eq. 3.

Shapes: y, t (M, B); l (B,).
"""

from typing import NamedTuple

from handgrad.layers._types import Array


class HalfSquaredErrorCache(NamedTuple):
    """e (M, B): prediction minus target."""

    e: Array


def half_squared_error_forward(y: Array, t: Array) -> tuple[Array, HalfSquaredErrorCache]:
    """Loss of each sample, (B,), from predictions ``y`` and targets ``t``, both (M, B)."""
    # 1
    e = y - t
    # 2
    l = (e**2).sum(axis=0) / 2  # noqa: E741
    return l, HalfSquaredErrorCache(e)


def half_squared_error_backward(cache: HalfSquaredErrorCache, dl: Array) -> Array:
    """From ``dl`` (B,) to ``dy`` (M, B)."""
    (e,) = cache
    # 2: l = (e**2).sum(axis=0) / 2
    de = e * dl
    # 1: e = y - t
    dy = de
    return dy
