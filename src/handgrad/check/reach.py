"""The arrays that a user's function reads beside its parameters: their lengths tell what a factor may be."""

import types
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from handgrad.check.words import listed

_FUNCTIONS = 40  # that are looked at
_LEAST = 3  # 2 is rather the 2 of a square


def length_in_words(function: Any, size: int, shapes: Sequence[tuple[int, ...]]) -> str:
    """``X and T have 8 rows``, where that is a number of samples; "" where no array that ``function`` reads is so long.

    ``shapes``: of the parameters. What is a length of one of them is a number of features, not of samples.
    """
    if size < _LEAST:
        return ""
    arrays = dict(arrays_read_by(function))
    features = {length for shape in shapes for length in shape}
    for axis in (0, 1, 2) if size not in features else ():
        names = sorted(name for name, each in arrays.items() if each.ndim > axis and each.shape[axis] == size)
        if names:
            have = "have" if len(names) > 1 else "has"
            what = f"{size} rows" if axis == 0 else f"{size} columns" if axis == 1 else f"length {size} along axis 2"
            return f"{listed(names)} {have} {what}"
    names = sorted(name for name, each in arrays.items() if each.size == size and each.ndim > 1)
    return f"{listed(names)} {'have' if len(names) > 1 else 'has'} {size} entries" if names else ""


def arrays_read_by(function: Any) -> Iterator[tuple[str, np.ndarray]]:
    """Names and arrays among its variables from outside, of a method's object too, and of the functions it calls."""
    waiting, seen = [function], set[int]()
    while waiting and len(seen) < _FUNCTIONS:
        thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        for name, value in _read_by(thing):
            if isinstance(value, np.ndarray) and value.ndim:
                yield name, value
            elif isinstance(value, dict):
                yield from ((str(key), each) for key, each in value.items() if isinstance(each, np.ndarray))
            elif isinstance(value, types.FunctionType | types.MethodType | partial):
                waiting.append(value)


def _read_by(thing: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(thing, partial):
        yield from ((f"argument {place + 1}", each) for place, each in enumerate(thing.args))
        yield from thing.keywords.items()
        yield "", thing.func
    elif isinstance(thing, types.MethodType):
        yield from list(getattr(thing.__self__, "__dict__", {}).items())
        yield "", thing.__func__
    elif isinstance(thing, types.FunctionType):
        names = _names(thing.__code__)
        yield from ((name, each) for name, each in list(thing.__globals__.items()) if name in names)
        for name, cell in zip(thing.__code__.co_freevars, thing.__closure__ or (), strict=True):
            try:
                yield name, cell.cell_contents
            except ValueError:  # not assigned yet
                continue


def _names(code: types.CodeType) -> set[str]:
    """What some code, and the functions in it, look up."""
    inner = [each for each in code.co_consts if isinstance(each, types.CodeType)]
    return set(code.co_names).union(*(_names(each) for each in inner))
