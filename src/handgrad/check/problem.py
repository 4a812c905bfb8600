"""The user's two functions, called with care: fresh copies, the same random draws, a time limit, errors in words."""

import inspect
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from handgrad.check.tree import Array, float_leaves, leaves, rebuild
from handgrad.errors import HandgradError, InputError

Point = dict[str, Array]  # a value for every leaf of the parameters

_SAME = 1e-12  # relative: two calls that differ by less have only added up in another order
_ALIASES = ("d{}", "d_{}", "grad_{}", "{}_grad", "dL_d{}", "dL{}", "delta_{}", "g{}", "g_{}")


class OutOfTime(Exception):
    """The time limit has passed; what is not compared by now stays inconclusive."""


@dataclass
class Given:
    """What one call of the user's gradients gave."""

    arrays: Point = field(default_factory=dict)  # only those of the right shape
    raw: Point = field(default_factory=dict)  # all, whatever their shape
    why: dict[str, str] = field(default_factory=dict)  # of those that cannot be compared: the reason
    changed: dict[str, Array] = field(default_factory=dict)  # parameters that differ after the call, and their value
    notes: list[str] = field(default_factory=list)
    single: bool = False  # whether an array came in float32 or shorter


@dataclass
class Problem:
    """loss, gradients and the parameters where they are compared."""

    loss: Callable[[Any], Any]
    gradients: Callable[[Any], Any]
    parameters: Any
    time_limit: float | None = None
    what: str = "parameters"
    names: tuple[str, str] = ("loss", "gradients")  # of the two functions, in messages

    def __post_init__(self) -> None:
        for name, function in zip(self.names, (self.loss, self.gradients), strict=True):
            if not callable(function):
                raise InputError(f"{name} is {type(function).__name__}, expected a function of the parameters")
            _takes_one(name, function)
        self.point, self.notes = float_leaves(self.parameters, self.what)
        self.single = False  # whether the loss came in float32 or shorter
        self.changed_by_loss: tuple[str, ...] = ()
        self._held: tuple[Any, Any] | None = None
        self.deadline = None if self.time_limit is None else time.monotonic() + self.time_limit

    def value(self, point: Mapping[str, Array]) -> Any:
        """The loss at a point, real or complex; NaN where it raises. InputError where it is not one number."""
        try:
            return self.value_or_error(point)
        except (HandgradError, OutOfTime):
            raise
        except Exception:
            return np.nan

    def value_or_error(self, point: Mapping[str, Array]) -> Any:
        """As :meth:`value`, but an exception of the user's function passes through."""
        passed = self._copy(point)
        with self._call():
            returned = self.loss(passed)
        value = np.asarray(returned)
        if value.dtype.kind not in "fiuc":
            raise InputError(f"{self.names[0]} returns {type(returned).__name__}, expected one number")
        if value.size != 1:
            given = f"{self.names[0]} returns an array of shape {value.shape}"
            raise InputError(f"{given}, expected one number; sum or average it")
        self.single = self.single or value.dtype in (np.float32, np.float16, np.complex64)
        if not self.changed_by_loss:
            self.changed_by_loss = tuple(self._changed(point, passed))
        return value.reshape(())[()]

    def base_value(self) -> float:
        """The loss at the user's point. InputError where it raises or is no real number; held repeatable if need be."""
        first, second = self._base(), self._base()
        if same(first, second):
            return first
        self._held = (np.random.get_state(), random.getstate())  # noqa: NPY002  what the user's function draws from
        first, second = self._base(), self._base()
        if same(first, second):
            self.notes.append(f"{self.names[0]} draws random numbers; every call was given the same draws")
            return first
        self._held = None
        raise RandomLoss(self.names[0], first, second)

    def given(self, point: Mapping[str, Array]) -> Given:
        """One call of gradients, sorted by parameter. InputError where it raises, or returns nothing of use."""
        passed = self._copy(point)
        try:
            with self._call():
                returned = self.gradients(passed)
        except (HandgradError, OutOfTime):
            raise
        except Exception as error:
            raise InputError(f"{self.names[1]} raises {type(error).__name__}: {error}") from error
        found = match(returned, self.parameters, self.point, self.what)
        found.changed = self._changed(point, passed)
        return found

    def copy(self) -> Any:
        """The parameters, in float64, for somebody to change."""
        return self._copy(self.point)

    def _base(self) -> float:
        try:
            value = self.value_or_error(self.point)
        except (HandgradError, OutOfTime):
            raise
        except Exception as error:
            raise InputError(f"{self.names[0]} raises {type(error).__name__}: {error}") from error
        if np.iscomplexobj(value):
            raise InputError(f"{self.names[0]} returns a complex number, expected a real one; return its real part")
        return float(value)

    def _copy(self, point: Mapping[str, Array]) -> Any:
        return rebuild(self.parameters, lambda name, _: np.array(point[name or self.what])[()])

    def _changed(self, point: Mapping[str, Array], passed: Any) -> dict[str, Array]:
        """Parameters that are not what they were when they were handed over."""
        after = {name or self.what: leaf for name, leaf in leaves(passed)}
        return {
            name: np.asarray(after[name])
            for name, before in point.items()
            if name in after and not np.array_equal(np.asarray(after[name]), before, equal_nan=True)
        }

    @contextmanager
    def _call(self) -> Iterator[None]:
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise OutOfTime
        if self._held is None:
            yield
            return
        before = (np.random.get_state(), random.getstate())  # noqa: NPY002
        np.random.set_state(self._held[0])  # noqa: NPY002
        random.setstate(self._held[1])
        try:
            yield
        finally:
            np.random.set_state(before[0])  # noqa: NPY002
            random.setstate(before[1])


def _takes_one(name: str, function: Callable[..., Any]) -> None:
    """Raises InputError for a function that cannot be called with the parameters as its only argument."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # written in C: what it takes is not known
        return
    try:
        signature.bind(None)
    except TypeError:
        needed = [each.name for each in signature.parameters.values() if each.default is each.empty]
        given = f"the arguments {', '.join(needed)}" if needed else "no argument"
        first, *rest = needed or ["W", "b"]
        keys = ", ".join(f"'{each}': {each}" for each in [first, *rest])
        raise InputError(
            f"{name} takes {given}, expected one argument, a dict with all parameters: write {name}(p), read "
            f"p['{first}'] there, and pass {{{keys}}}"
        ) from None


class RandomLoss(Exception):
    """Two calls of the loss at the same point differ, and holding NumPy's and Python's generators does not help."""

    def __init__(self, name: str, first: float, second: float) -> None:
        super().__init__(f"two calls of {name} with the same values give {first:.10g} and {second:.10g}")


def same(first: Any, second: Any) -> bool:
    """Whether two results agree to rounding, entry by entry relative to the largest; NaN equals NaN."""
    first, second = np.asarray(first), np.asarray(second)
    if first.shape != second.shape:
        return False
    scale = np.max(np.abs(np.where(np.isfinite(first), first, 0)), initial=0.0)
    return bool(np.allclose(first, second, rtol=0, atol=_SAME * scale, equal_nan=True))


def match(returned: Any, parameters: Any, point: Mapping[str, Array], what: str) -> Given:
    """The returned gradients by the names of the parameters: by name, by a usual alias, or in order."""
    found = Given()
    if isinstance(returned, tuple) and not hasattr(returned, "_fields") and isinstance(parameters, Mapping):
        dicts = [each for each in returned if isinstance(each, Mapping)]
        if len(dicts) == 1 and len(returned) > 1:
            returned = dicts[0]
            found.notes.append("gradients returns a tuple; the dict in it was compared")
    named = {name or what: leaf for name, leaf in leaves(returned)}
    if not set(named) & set(point):
        named = _by_alias(named, point) or _in_order(named, point, returned, found.notes) or named
    if returned is None or (not set(named) & set(point)):
        text = "nothing" if returned is None else ", ".join(sorted(named)) or "nothing"
        raise InputError(f"gradients returns {text}, expected an array for each of {', '.join(point)}")
    surplus = [name for name in named if name not in point]
    if surplus:
        found.notes.append(f"gradients also returns {', '.join(surplus)}, which no parameter is named; left out")
    for name, value in point.items():
        _take(found, name, named, value.shape)
    return found


def _take(found: Given, name: str, named: Mapping[str, Any], shape: tuple[int, ...]) -> None:
    if named.get(name) is None:
        found.why[name] = f"gradients returns no {name}" if name not in named else f"gradients returns None for {name}"
        return
    try:
        array = np.asarray(named[name])
    except Exception:
        array = np.empty(0, dtype=object)
    if array.dtype.kind not in "fiu":
        found.why[name] = f"the gradient is {type(named[name]).__name__} of {array.dtype}, expected real numbers"
        return
    found.single = found.single or array.dtype in (np.float32, np.float16)
    array = array.astype(np.float64)
    found.raw[name] = array
    if array.shape == shape or array.size == 1 == np.prod(shape, dtype=int):
        found.arrays[name] = array.reshape(shape)
    else:
        found.why[name] = f"the gradient has shape {array.shape}, the parameter {shape}"


def _by_alias(named: Mapping[str, Any], point: Mapping[str, Array]) -> dict[str, Any] | None:
    """dW for W, and the like, where one alias fits every gradient that there is."""
    for alias in _ALIASES:
        found = {name: named[alias.format(name)] for name in point if alias.format(name) in named}
        if found:
            return found
    return None


def _in_order(named: Mapping[str, Any], point: Mapping[str, Array], returned: Any, notes: list[str]) -> Any:
    if not isinstance(returned, list | tuple) or len(named) != len(point):
        return None
    notes.append(f"gradients returns a {type(returned).__name__}; taken in the order of the parameters")
    return dict(zip(point, named.values(), strict=True))
