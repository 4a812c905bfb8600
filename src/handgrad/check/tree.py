"""Nested parameters: dicts, lists, tuples and NamedTuples of arrays, as a flat dict of named leaves and back."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from handgrad.errors import InputError

Array = np.ndarray[Any, np.dtype[Any]]

_FLOAT64 = np.dtype(np.float64)


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Name and value of every leaf: ``layers[0].W`` is the W of the first of the layers. A lone leaf has no name."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from leaves(each, f"{name}.{key}" if name else str(key))
    elif hasattr(value, "_fields"):
        for key in value._fields:
            yield from leaves(getattr(value, key), f"{name}.{key}" if name else key)
    elif isinstance(value, list | tuple) and not _is_numbers(value):
        for index, each in enumerate(value):
            yield from leaves(each, f"{name}[{index}]")
    else:
        yield name, value


def rebuild(value: Any, replace: Callable[[str, Any], Any], name: str = "") -> Any:
    """The same nesting with ``replace(name, leaf)`` in the place of every leaf."""
    if isinstance(value, Mapping):
        return {key: rebuild(each, replace, f"{name}.{key}" if name else str(key)) for key, each in value.items()}
    if hasattr(value, "_fields"):
        return type(value)(*(rebuild(getattr(value, k), replace, f"{name}.{k}" if name else k) for k in value._fields))
    if isinstance(value, list | tuple) and not _is_numbers(value):
        return type(value)(rebuild(each, replace, f"{name}[{index}]") for index, each in enumerate(value))
    return replace(name, value)


def float_leaves(value: Any, what: str) -> tuple[dict[str, Array], list[str]]:
    """The leaves as float64 arrays, copied, and notes on what was converted.

    Raises InputError for a leaf that is no array of real numbers or not finite, and where there is none at all.
    """
    found: dict[str, Array] = {}
    converted = []
    for name, leaf in leaves(value):
        name = name or what
        array = real_array(leaf, f"{what}: {name}" if name != what else name)
        if array.dtype != _FLOAT64:
            converted.append(f"{name} ({array.dtype})")
        array = array.astype(np.float64)
        if not np.all(np.isfinite(array)):
            place = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
            where = f" at {list(place)}" if place else ""
            raise InputError(f"{what}: {name} holds {array[place]}{where}, expected finite numbers")
        found[name] = array
    if not found:
        raise InputError(f"{what} holds no arrays, expected a dict of arrays, such as {{'W': W, 'b': b}}")
    return found, [f"converted to float64 for the check: {', '.join(converted)}"] if converted else []


def real_array(leaf: Any, what: str) -> Array:
    """``leaf`` as an array of real numbers; raises InputError for anything else."""
    try:
        array = np.asarray(leaf)
    except Exception as error:  # an array type of another library that refuses
        raise InputError(f"{what} is {type(leaf).__name__}, expected an array or a number") from error
    if array.dtype.kind not in "fiu":
        given = f"an array of {array.dtype}" if isinstance(leaf, np.ndarray) else f"{type(leaf).__name__}"
        raise InputError(f"{what} is {given}, expected an array of real numbers, or a number")
    return array


def _is_numbers(value: Any) -> bool:
    """Whether a list is an array that was written as a list: numbers, not arrays."""
    return bool(value) and all(isinstance(each, int | float) for each in _flat(value))


def _flat(value: Any) -> Iterator[Any]:
    for each in value:
        if isinstance(each, list | tuple):
            yield from _flat(each)
        else:
            yield each
