"""What a user chose, checked: numbers, kept as plain Python ones, and names.

Plain, because a NumPy float64 among the hyperparameters would turn a float32 update into a float64 one.
"""

import math
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import NamedTuple, TypeVar

from handgrad.errors import UsageError, out_of_range, unknown_choice

T = TypeVar("T")


class Range(NamedTuple):
    """Which finite numbers are allowed, as a test and in words."""

    accepts: Callable[[float], bool]
    expected: str


POSITIVE = Range(lambda v: v > 0, "a finite number above 0")
NOT_NEGATIVE = Range(lambda v: v >= 0, "a finite number, 0 or above")
FINITE = Range(lambda v: True, "a finite number")
DECAY = Range(lambda v: 0 <= v < 1, "a number from 0 to below 1")
SHARE = Range(lambda v: 0 <= v <= 1, "a number from 0 to 1")
FACTOR = Range(lambda v: 0 < v <= 1, "a number above 0, at most 1")
# Below this an epsilon is 0 or nearly so in float32, and 0 / 0 would make NaN of every parameter without a gradient.
EPSILON = Range(lambda v: v >= 1e-37, "a finite number, at least 1e-37")


def number(what: str, given: object, allowed: Range) -> float:
    """``given`` as a Python float; UsageError naming ``what`` if it is not a number of the allowed range."""
    if isinstance(given, bool) or not isinstance(given, Real):
        raise out_of_range(what, repr(given), allowed.expected)
    try:
        value = float(given)
    except OverflowError:
        value = math.inf
    if not (math.isfinite(value) and allowed.accepts(value)):
        raise out_of_range(what, given, allowed.expected)
    return value


def settle(instance: object, **fields: Range) -> None:
    """Check the named fields of a frozen dataclass, from its ``__post_init__``, and keep them as Python floats."""
    for name, allowed in fields.items():
        value = number(f"{name} of {type(instance).__name__}", getattr(instance, name), allowed)
        object.__setattr__(instance, name, value)


def whole(what: str, given: object, expected: str = "a whole number of at least 1", least: int = 1) -> int:
    """``given`` as a Python int of at least ``least``; UsageError naming ``what`` otherwise."""
    if isinstance(given, bool) or not isinstance(given, Integral) or int(given) < least:
        raise out_of_range(what, repr(given), expected)
    return int(given)


def seed_number(given: object) -> int:
    """``given`` as a seed, a Python int of at least 0; UsageError otherwise."""
    return whole("seed", given, "a whole number of at least 0", 0)


def named(what: str, choice: object, kinds: Mapping[str, T], example: str) -> T:
    """The entry of ``kinds`` that ``choice`` names, in any case; UsageError with the choices otherwise."""
    if not isinstance(choice, str):
        given = f"the class {choice.__name__}" if isinstance(choice, type) else f"of type {type(choice).__name__}"
        raise UsageError(f"{what} is {given}, expected a name ({', '.join(kinds)}) or one that is made, as {example}")
    kind = kinds.get(choice.strip().lower())
    if kind is None:
        raise unknown_choice(what, choice, list(kinds))
    return kind
