"""Identity activation: the output of a linear (regression) layer, named so that it can stand in a list of layers.

    y = a,        dy/da = 1

Shapes: a, y (M, B).
"""

from typing import NamedTuple

from handgrad.layers._types import Array


class IdentityCache(NamedTuple):
    """Nothing is needed."""


def identity_forward(a: Array) -> tuple[Array, IdentityCache]:
    """``a`` (M, B) itself, as a new array."""
    # 1
    y = +a
    return y, IdentityCache()


def identity_backward(cache: IdentityCache, dy: Array) -> Array:
    """From ``dy`` to ``da``, both (M, B)."""
    # 1: y = +a
    da = +dy
    return da
