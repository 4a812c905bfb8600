"""What the hooks in a watched module call: nothing most of the time, a recorder or an injector when one is set."""

import sys
from collections.abc import Callable
from types import CodeType
from typing import Any

import numpy as np

from handgrad.check.source.instrument import ALTERNATIVE, SEEN, SWAP, USE, VALUE

Watcher = Callable[[str, int, Any], Any]


class Hooks:
    """The hooks of one module."""

    def __init__(self, sites: int) -> None:
        self.watcher: Watcher | None = (
            None  # is given kind ("v", "u", "r"), number and value; returns the value to go on with
        )
        self.swaps: list[CodeType | None] = [None] * sites
        self.namespace: dict[str, Any] = {}
        self.on_alternative: Callable[[int, dict[str, Any]], None] | None = None

    def install(self, namespace: dict[str, Any]) -> None:
        """Make the hooks known to a module."""
        self.namespace = namespace

        def value(number: int, what: Any) -> Any:
            return what if self.watcher is None else self.watcher("v", number, what)

        def use(number: int, what: Any) -> Any:
            return what if self.watcher is None else self.watcher("u", number, what)

        def seen(number: int, what: Any) -> None:
            if self.watcher is not None:
                self.watcher("r", number, what)

        namespace[VALUE], namespace[USE], namespace[SEEN] = value, use, seen
        namespace[SWAP], namespace[ALTERNATIVE] = self.swaps, self.alternative

    def alternative(self, number: int, local: dict[str, Any]) -> Any:
        """The value of the expression that stands in for a site's own. Comprehensions see names as globals only."""
        code = self.swaps[number]
        frame = sys._getframe(1)
        while (
            frame.f_code.co_name.startswith("<") and frame.f_back is not None
        ):  # a comprehension sees its own names only
            frame = frame.f_back
            local = {**frame.f_locals, **local}
        if self.on_alternative is not None:
            self.on_alternative(number, local)
        result = eval(code, {**self.namespace, **local})  # type: ignore[arg-type]  # noqa: S307 - it is the user's own file
        return result if self.watcher is None else self.watcher("v", number, result)


def is_numeric(value: Any) -> bool:
    """A real float array or number: what can have a gradient."""
    if isinstance(value, np.ndarray):
        return bool(value.dtype.kind == "f")
    return isinstance(value, float)  # np.float64 is one


class Recorder:
    """Keeps every float value that goes through the hooks, in order."""

    def __init__(self, limit: int = 200_000) -> None:
        self.events: list[Event] = []
        self.stage = 0
        self.limit = limit
        self.counts: dict[tuple[str, int, int], int] = {}

    def __call__(self, kind: str, number: int, value: Any) -> Any:
        """See a value; tuples and lists by their parts."""
        if isinstance(value, tuple | list) and kind != "u":
            for part, each in enumerate(value):
                if is_numeric(each):
                    self._keep(kind, number, part, each)
        elif is_numeric(value):
            self._keep(kind, number, -1, value)
        return value

    def _keep(self, kind: str, number: int, part: int, value: Any) -> None:
        if len(self.events) >= self.limit:
            return
        key = (kind, number, part)
        occurrence = self.counts.get(key, 0)
        self.counts[key] = occurrence + 1
        self.events.append(Event(kind, number, part, occurrence, np.array(value, dtype=np.float64), self.stage))


class Event:
    """One value at one place in one run."""

    __slots__ = ("kind", "number", "occurrence", "part", "stage", "value")

    def __init__(self, kind: str, number: int, part: int, occurrence: int, value: Any, stage: int) -> None:
        self.kind = kind  # "v" assigned, "u" used, "r" the target after an augmented assignment
        self.number = number  # of the site or use
        self.part = part  # of a tuple; -1 if it is none
        self.occurrence = occurrence  # how often this place was passed before
        self.value = value
        self.stage = stage  # which call of the scenario

    @property
    def key(self) -> tuple[str, int, int]:
        """The place, without the occurrence."""
        return self.kind, self.number, self.part


class Injector:
    """Adds a perturbation to the value at one place, at one occurrence (or at all of them, with occurrence -1)."""

    def __init__(self, key: tuple[str, int, int], occurrence: int, change: Any) -> None:
        self.kind, self.number, self.part = key
        self.occurrence = occurrence
        self.change = change  # an array to add, or a function of the value
        self.passed = 0

    def __call__(self, kind: str, number: int, value: Any) -> Any:
        """Change the value if this is the place."""
        if number != self.number or kind != self.kind:
            return value
        if self.part < 0:
            return self._changed(value) if is_numeric(value) else value
        if isinstance(value, tuple | list) and len(value) > self.part and is_numeric(value[self.part]):
            parts = list(value)
            parts[self.part] = self._changed(parts[self.part])
            if hasattr(value, "_fields"):
                return type(value)(*parts)
            return type(value)(parts)
        return value

    def _changed(self, value: Any) -> Any:
        here, self.passed = self.passed, self.passed + 1
        if self.occurrence not in (here, -1):
            return value
        change = self.change(value) if callable(self.change) else self.change
        return value + change if np.shape(change) == np.shape(value) else value
