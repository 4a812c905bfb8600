"""Where the objects of a user's file keep what they hold: ``__dict__``, ``__slots__``, or the class itself."""

import dataclasses
import sys
import types
from collections import deque
from collections.abc import Iterator, MutableMapping
from typing import Any

import numpy as np

_SKIPPED = (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, staticmethod, classmethod, property)
_PLAIN = ("types", "argparse", "collections", "typing")  # modules whose objects only hold what they were given


class Attributes(MutableMapping[str, Any]):
    """The attributes of an object without a ``__dict__`` of its own, or of a class, as a dict."""

    def __init__(self, thing: Any) -> None:
        self.thing = thing

    def _names(self) -> list[str]:
        if isinstance(self.thing, type):
            return [name for name, value in vars(self.thing).items() if _is_data(name, value)]
        names = [name for each in type(self.thing).__mro__ for name in _slots(each)]
        return [name for name in [*names, *getattr(self.thing, "__dict__", {})] if hasattr(self.thing, name)]

    def __getitem__(self, key: str) -> Any:
        return getattr(self.thing, key)

    def __setitem__(self, key: str, value: Any) -> None:
        if isinstance(self.thing, type):
            setattr(self.thing, key, value)
        else:
            object.__setattr__(self.thing, key, value)  # a frozen dataclass forbids its own way

    def __delitem__(self, key: str) -> None:
        if isinstance(self.thing, type):
            delattr(self.thing, key)
        else:
            object.__delattr__(self.thing, key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())


def _slots(owner: type) -> list[str]:
    slots = vars(owner).get("__slots__", ())
    names = [slots] if isinstance(slots, str) else list(slots)
    return [name for name in names if not name.startswith("__")]


def _is_data(name: str, value: Any) -> bool:
    if name.startswith("__") or isinstance(value, (*_SKIPPED, types.MemberDescriptorType)):
        return False
    return isinstance(value, np.ndarray | float | list | dict | tuple)


def attributes(thing: Any) -> MutableMapping[str, Any]:
    """What an object or a class of the user's holds, to be read and written."""
    if isinstance(thing, type) or any(_slots(each) for each in type(thing).__mro__):
        return Attributes(thing)
    held: MutableMapping[str, Any] = vars(thing)
    return held


def is_followed(value: Any) -> bool:
    """Whether the attributes of an object are looked at: of the user's own classes and of plain holders, not of a
    library's objects, which may reach anything."""
    if isinstance(value, type):
        return value.__module__ == "__main__" and any(_is_data(*each) for each in vars(value).items())
    if isinstance(value, _SKIPPED):
        return False
    kind = type(value)
    if not hasattr(value, "__dict__") and not any(_slots(each) for each in kind.__mro__):
        return False
    return kind.__module__ == "__main__" or kind.__module__ in _PLAIN or _is_neighbour(kind.__module__)


def _is_neighbour(module: str) -> bool:
    """A module that lies beside the user's file."""
    main, other = sys.modules.get("__main__"), sys.modules.get(module)
    here, there = getattr(main, "__file__", None), getattr(other, "__file__", None)
    return bool(here and there) and str(here).rpartition("/")[0] == str(there).rpartition("/")[0]


def is_holder(value: Any) -> bool:
    """A dataclass instance: it holds values by name, as a dict does."""
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def is_sequence(value: Any) -> bool:
    """A list, or what is handled like one: a deque, an array of objects."""
    return isinstance(value, list | tuple | deque) or (isinstance(value, np.ndarray) and value.dtype == object)


def items_of(value: Any) -> list[tuple[Any, Any]]:
    """(step, part) of a container: keys, indices (tuples of them for an array of objects with axes) or attributes."""
    if isinstance(value, np.ndarray):
        return [(index[0] if value.ndim == 1 else index, each) for index, each in np.ndenumerate(value)]
    if isinstance(value, dict):
        return list(value.items())
    names = getattr(value, "_fields", None)
    if isinstance(value, list | tuple | deque):
        return [(names[place] if names else place, each) for place, each in enumerate(value)]
    return list(attributes(value).items())


def data_names(namespace: dict[str, Any]) -> list[str]:
    """The module-level names that hold data, not modules, functions or classes without data."""
    return [
        name
        for name, value in namespace.items()
        if not name.startswith(("_hg_", "__"))
        and not isinstance(value, _SKIPPED)
        and (not isinstance(value, type) or is_followed(value))
    ]
