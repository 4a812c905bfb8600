"""Gradient clipping: what an exploding gradient may do to the parameters is bounded, once for each step.

By value, every entry by itself:        g <- max(-c, min(c, g))
By global norm, all parameters together, so that the direction stays:        g <- g min(1, c / |g|)

Source: the norm, Pascanu, Mikolov and Bengio (2013), On the difficulty of training recurrent neural networks,
algorithm 1; values, Mikolov (2012), Statistical language models based on neural networks, section 3.2.2.
"""

from typing import NamedTuple

import numpy as np

from handgrad.errors import UsageError
from handgrad.layers._types import Array
from handgrad.options import POSITIVE, number


class Clipping(NamedTuple):
    """Bounds on the gradient of a step; 0 where there is none."""

    value: float = 0.0
    norm: float = 0.0


def clipping(value: object, norm: object) -> Clipping:
    """The bounds that a user asked for, None for none. UsageError for numbers out of range, or for both."""
    if value is not None and norm is not None:
        raise UsageError("both clip_value and clip_norm were given, expected one of them")
    bounds = (
        0.0 if v is None else number(name, v, POSITIVE) for name, v in (("clip_value", value), ("clip_norm", norm))
    )
    return Clipping(*bounds)


def clip_by_value(g: Array, c: float) -> Array:
    """Every entry of ``g`` brought into -c .. c; NaN stays NaN."""
    return np.clip(g, -c, c)


def clip_by_global_norm(g: Array, c: float) -> Array:
    """``g``, shortened to length ``c`` if it is longer. ``g`` (P,) holds the gradients of all parameters."""
    norm = float(np.sqrt((g.astype(np.float64) ** 2).sum()))
    return g * (c / norm) if norm > c else g


def clip(g: Array, bounds: Clipping) -> Array:
    """``g`` (P,) within ``bounds``."""
    if bounds.value:
        return clip_by_value(g, bounds.value)
    return clip_by_global_norm(g, bounds.norm) if bounds.norm else g
