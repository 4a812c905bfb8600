"""Numerical derivatives of a scalar function, with an estimate of their error.

Two methods. The complex step (Squire and Trapp 1998, Using complex variables to estimate derivatives of real functions,
eq. 2; Martins, Sturdza and Alonso 2003) has no cancellation and is exact to rounding, but needs a function that takes
complex arrays and is analytic: ``abs``, for one, is not, and gives a wrong number in silence. Central differences with
Richardson's extrapolation (Ridders 1982, Accurate computation of F'(x) and F'(x)F''(x)) need nothing and lose a few
digits. "auto" takes the complex step if central differences in random directions agree with it, else those.
"""

import math
import warnings
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np

from handgrad.errors import InputError, unknown_choice

Array = np.ndarray[Any, np.dtype[Any]]
Method = Literal["auto", "complex-step", "central"]

METHODS = ("auto", "complex-step", "central")
FLOOR = 1e-8  # of the denominator of a relative error: derivatives smaller than this count as 0
TOLERANCE = 1e-6  # of a relative error: a derivative further off is wrong

_COMPLEX_STEP = 1e-30  # its square is below rounding of anything but 0
_LEVELS = 8  # halvings of the step of a central difference
LARGEST_STEP = 2.0**-6  # relative to the entry; extrapolation makes large steps accurate, and they round least
SMALLEST_SCALE = 2.0**-4  # of an entry: the step at 0 is relative to this
_DIRECTIONS = 2
AGREEMENT = 1e-7  # between the two methods; what is not analytic misses by far more
_EPS = float(np.finfo(np.float64).eps)


class NumericalGradient(NamedTuple):
    """The derivative of a scalar function by every entry of an array."""

    gradient: Array  # float64, the shape of the array
    error: Array  # float64, the same shape: estimate of the absolute error of each entry
    method: str  # "complex-step" or "central": which one gave the gradient


def numerical_gradient(f: Callable[[Array], Any], x: Any, *, method: Method = "auto") -> NumericalGradient:
    """Derivative of ``f`` by every entry of ``x``.

    ``f`` takes an array of the shape of ``x`` (float64; complex128 too for the complex step) and returns one number; it
    is given a fresh copy at each call. ``x`` has any shape; a number counts as an array of no axes.
    Raises InputError where ``f`` does not return one number, or, for method "complex-step", refuses complex arrays;
    UsageError for an unknown method.
    """
    if method not in METHODS:
        raise unknown_choice("the method of differentiation", method, METHODS)
    x = np.array(x, dtype=np.float64)
    if method == "central":
        return _central(f, x)
    exact = _complex_step(f, x)
    if method == "complex-step" and exact is None:
        raise InputError("the function does not carry complex numbers through, expected one; use method 'central'")
    if exact is not None and (method == "complex-step" or _confirmed(f, x, exact.gradient)):
        return exact
    return _central(f, x)


def relative_error(given: Any, numerical: Any, *, floor: float = FLOOR) -> float:
    """max |given - numerical| / max(max |numerical|, floor); infinite where the shapes differ, NaN where a value is."""
    given, numerical = np.asarray(given), np.asarray(numerical)
    if given.shape != numerical.shape:
        return math.inf
    if not given.size:
        return 0.0
    return float(np.max(np.abs(given - numerical)) / max(np.max(np.abs(numerical)), floor))


def _confirmed(f: Callable[[Array], Any], x: Array, gradient: Array) -> bool:
    """Whether central differences along random directions agree: one wrong entry would show in every direction."""
    rng = np.random.default_rng(0)
    for _ in range(_DIRECTIONS):
        direction = np.asarray(rng.normal(size=x.shape))
        slopes = gradient * direction

        def along(t: float, direction: Array = direction) -> Any:
            return f(x + t * direction)

        value, error = slope(along, LARGEST_STEP * SMALLEST_SCALE)
        if not abs(np.sum(slopes) - value) <= AGREEMENT * max(np.sum(np.abs(slopes)), FLOOR) + 10 * error:
            return False
    return True


def _complex_step(f: Callable[[Array], Any], x: Array) -> NumericalGradient | None:
    """Im f(x + ih) / h; None where ``f`` refuses complex arrays or drops the imaginary part."""
    gradient = np.empty(x.shape)
    for place in np.ndindex(x.shape):

        def along(t: complex, place: tuple[int, ...] = place) -> Any:
            shifted = x.astype(np.complex128)
            shifted[place] += t
            return f(shifted)

        value = complex_slope(along)
        if value is None:
            return None
        gradient[place] = value
    rounding = 4 * _EPS * np.max(np.abs(gradient), initial=0.0)
    return NumericalGradient(gradient, np.full(x.shape, rounding), "complex-step")


def _central(f: Callable[[Array], Any], x: Array) -> NumericalGradient:
    """Central differences, extrapolated, entry by entry."""
    gradient, error = np.empty(x.shape), np.empty(x.shape)
    for place in np.ndindex(x.shape):
        step = LARGEST_STEP * max(abs(float(x[place])), SMALLEST_SCALE)

        def along(t: float, place: tuple[int, ...] = place) -> Any:
            moved = x.copy()
            moved[place] += t
            return f(moved)

        gradient[place], error[place] = slope(along, step)
    return NumericalGradient(gradient, error, "central")


def complex_slope(f: Callable[[complex], Any]) -> float | None:
    """f'(0) by the complex step; None where ``f`` refuses complex numbers or drops the imaginary part."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            value = np.asarray(f(1j * _COMPLEX_STEP))
    except Exception:  # whatever a function does with what it was not written for
        return None
    if value.size != 1 or not np.iscomplexobj(value):
        return None
    return float(value.item().imag / _COMPLEX_STEP)


@np.errstate(all="ignore")  # a function may overflow, or be undefined, a large step away; such steps are passed over
def slope(f: Callable[[float], Any], step: float, noise: float = 0.0, enough: float = 0.0) -> tuple[float, float]:
    """f'(0) and an estimate of its error: of all steps and orders of extrapolation the one that seems least wrong.

    ``step`` is the largest of the steps; ``noise`` the rounding of ``f``, if more than float64's.
    No smaller step is tried once the relative error is below ``enough``.
    """
    best, least = math.nan, math.inf
    coarser: list[float] = []
    for _ in range(_LEVELS):
        high, low = _real(f(step)), _real(f(-step))
        row = [(high - low) / (2 * step)]
        rounding = max(_EPS * max(abs(high), abs(low)), noise) / step
        for order, before in enumerate(coarser, start=1):
            row.append(row[-1] + (row[-1] - before) / (4**order - 1))
            error = max(abs(row[-1] - row[-2]), abs(row[-1] - before)) + rounding
            if error < least:
                best, least = row[-1], error
        if least < enough * abs(best):
            break
        coarser, step = row, step / 2
    return best, least


def _real(value: Any) -> float:
    """The one real number that a function must return."""
    value = np.asarray(value)
    if value.size != 1 or np.iscomplexobj(value):
        what = f"an array of shape {value.shape}" if value.size != 1 else "a complex number"
        raise InputError(f"the function returns {what}, expected one real number")
    return float(value.item())
