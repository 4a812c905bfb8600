"""Parameters that the loss does not depend on at all, such as a bias before a normalization: their gradient is 0."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from handgrad.check.tree import Array
from handgrad.check.words import listed

_FAR = (3.0, 300.0, 3e4)  # times the size of a parameter: a unit that is off, or saturated, is on again by then
_LEAST = 0.3  # size of a parameter that is zero
_SAME = 1e-8  # relative: the loss is the same but for rounding, which grows with the shift


def stays(loss: Callable[[Array], float], value: Array) -> bool:
    """Whether ``loss(value)`` is finite and does not change, however far the value is moved, in any direction."""
    base = loss(value)
    if not np.isfinite(base):
        return False
    allowed = _SAME * max(1.0, abs(base))
    return all(abs(loss(moved) - base) <= allowed for moved in _far_from(value))


def _far_from(value: Array) -> Iterator[Array]:
    size = max(float(np.sqrt(np.mean(value**2))) if value.size else 0.0, _LEAST)
    ways = np.ones(value.shape), np.random.default_rng(6).normal(size=value.shape)
    for factor in _FAR:
        for way in ways:
            yield value + factor * size * way
            yield value - factor * size * way


def note(names: Sequence[str], shapes: Sequence[tuple[int, ...]]) -> str:
    """What is said of them."""
    many = len(names) > 1
    likely = all(sum(size > 1 for size in shape) <= 1 for shape in shapes)
    guess = f" ({'biases' if many else 'a bias'} before a normalization?)" if likely else ""
    theirs = "their gradients are 0, and so are yours" if many else "its gradient is 0, and so is yours"
    return f"the loss does not depend on {listed(names)}{guess}: {theirs}"
