"""One call of a function of the user's file: what it was given, by whom, and what it returned."""

import types
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from handgrad.check.source.state import Path


@dataclass
class Link:
    """An argument, or a part of one, that an earlier call returned."""

    call: int
    path: Path


@dataclass
class Call:
    """One call of a function of the file."""

    name: str  # qualified
    root: str  # of its arguments in the state
    args: list[Any] = field(default_factory=list)
    keywords: dict[str, Any] = field(default_factory=dict)
    names: tuple[str, ...] = ()  # of the positional arguments
    extra: str = ""  # name of the further ones, of ``*args``
    driver: str = ""  # the function that made the call; "" for the module itself
    line: int = 0  # where it stands there
    known_as: dict[Any, str] = field(default_factory=dict)  # what the caller calls an argument, by its place or keyword
    closure: Link | None = None  # where the function itself was returned by an earlier call
    result: Any = None
    links: list[tuple[Path, Link]] = field(default_factory=list)  # places in args and keywords -> earlier results
    backward: bool = False
    loss: bool = False
    of_data: bool = False  # no call was given all of its arguments: some are variables of the module
    done: bool = False  # it returned; not so if it raised, or was stopped
    nested: list["Call"] = field(default_factory=list)  # forward calls that it made itself

    def argument(self, place: int) -> Any:
        """The name of a positional argument; a number too, for one of ``*args``."""
        return self.names[place] if place < len(self.names) else place

    @property
    def owner(self) -> Any:
        """The object whose method this is; None if it is a function."""
        return self.args[0] if self.args and self.names[:1] == ("self",) else None


def known_as(call: Call, caller: types.FrameType | None, path: str) -> dict[Any, str]:
    """The caller's own names of what it passes on."""
    if caller is None or caller.f_code.co_filename != path:
        return {}
    names = {id(value): name for name, value in reversed(list(caller.f_locals.items())) if not name.startswith("__")}
    given = [*enumerate(call.args), *call.keywords.items()]
    holders = (np.ndarray, dict, list, tuple)
    return {place: names[id(value)] for place, value in given if id(value) in names and isinstance(value, holders)}


def same_owner(one: Call, other: Call) -> bool:
    """Whether two calls are of the same object's method, or of the same function."""
    if "." not in one.name or "<locals>" in one.name or not one.args or not other.args:
        return True
    return one.args[0] is other.args[0]


def read_arguments(call: Call, frame: types.FrameType) -> None:
    code = frame.f_code
    count = code.co_argcount
    local = frame.f_locals
    names = code.co_varnames
    call.names = names[:count]
    call.args = [local[name] for name in names[:count]]
    keyword_only = names[count : count + code.co_kwonlyargcount]
    call.keywords = {name: local[name] for name in keyword_only}
    extra = count + code.co_kwonlyargcount
    if code.co_flags & 0x04:
        call.extra = names[extra]
        call.args += list(local[names[extra]])
        extra += 1
    if code.co_flags & 0x08:
        call.keywords |= local[names[extra]]


def name_at(path: Path, names: list[str]) -> str:
    """What the part of a result at a path is called."""
    if not path:
        return names[0] if len(names) == 1 else ""
    step = path[0]
    if isinstance(step, str):
        return step
    return names[step] if isinstance(step, int) and step < len(names) else ""
