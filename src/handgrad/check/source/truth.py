"""What every value that forward computes or uses contributes to the loss: its gradient, as two numbers.

A gradient g is known here by its products <g, r1> and <g, r2> with two fixed random directions. They cost two runs of
forward each, whatever the size, are linear (so sums over time steps are sums of numbers), and tell two different
gradients apart as surely as the arrays themselves.
"""

import ast
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from handgrad.check.source.clock import now
from handgrad.check.source.hooks import Event, Injector, Recorder
from handgrad.check.source.judge import direction
from handgrad.check.source.scenario import Scenario

Array = Any
_STEP = 1e-4
_EXACT = 1e-5
_EXACT_NUMBER = 3e-7
MANY = 14  # passes of a place beyond which only the first few are looked at


def sized(shape: tuple[int, ...]) -> int:
    """Under which values of a shape are kept: how many entries they have."""
    return math.prod(shape)


@dataclass
class True_:
    """The gradient of one value of forward."""

    label: str
    first: float
    second: float
    key: tuple[str, int, int]
    occurrence: int
    size: float  # typical entry of the gradient, estimated


def signature(value: Array) -> tuple[float, float]:
    """A backward value's products with the two directions of its shape."""
    flat = value.ravel()
    return float(flat @ direction(value.shape, 0).ravel()), float(flat @ direction(value.shape, 1).ravel())


class Truth:
    """The gradients of forward's values at the present point."""

    def __init__(
        self, scenario: Scenario, seconds: float, slopes: dict[str, list[Any]] | None = None, sign: float = 1.0
    ) -> None:
        self.scenario = scenario
        self.by_size: dict[int, list[True_]] = {}
        self.influential: set[tuple[str, int, int]] = set()
        self.usual = 1.0  # the multiple of the gradient that most values of this backward pass are
        self.seen_once: tuple[float, ...] = ()  # other multiples that may be meant so
        self.sign = sign
        self.visited: set[int] = set()  # sites that the forward run passes
        self.forward_events: list[Event] = []
        self._tables: dict[int, Array] = {}
        self._sizes: dict[int, Array] = {}
        self._allowed: dict[int, Array] = {}  # how far two numbers may be from those of a gradient
        self._measure(now() + seconds)
        self._sums()
        for parameter in scenario.parameters if slopes else ():
            first, second = (each.value for each in (slopes or {})[parameter.name][:2])
            if np.isfinite(first) and np.isfinite(second):
                entry = True_(parameter.name, self.sign * first, self.sign * second, ("p", -1, -1), 0, abs(first))
                self.by_size.setdefault(sized(parameter.shape), []).append(entry)
        self.freeze()

    def _measure(self, until: float) -> None:
        scenario = self.scenario
        recorder = Recorder()
        scenario.loss(recorder)
        self.forward_events = recorder.events
        self.visited = {each.number for each in recorder.events if each.kind in "vr"}
        self.owners = self._owners()
        counts = recorder.counts
        events = [each for each in recorder.events if each.kind != "r" and each.value.size]
        events.sort(key=lambda each: (counts[each.key] > MANY, each.kind == "u", each.occurrence > 3))
        for event in events:
            if now() > until:
                break
            if counts[event.key] > MANY and event.occurrence > 2:
                continue
            self.add(event)

    def _owners(self) -> dict[tuple[str, int, int], str]:
        """The parameter that is read at each use of one, told by its value."""
        known = {(np.shape(each.value), self._now(each).tobytes()): each.name for each in self.scenario.parameters}
        return {
            each.key: known[mark]
            for each in self.forward_events
            if each.kind == "u" and each.value.ndim and (mark := (each.value.shape, each.value.tobytes())) in known
        }

    def _now(self, parameter: Any) -> Any:
        """The value of a parameter at the present point."""
        return np.asarray(self.scenario.point.get(parameter.name, parameter.value), dtype=np.float64)

    def owned_by(self, value: Array) -> set[str] | None:
        """The parameters whose gradients, whole or through one use, this is; None if it is that of something else."""
        found = self.all_exact(value)
        names = {each.label if each.key[0] == "p" else self.owners.get(each.key) for each in found}
        return None if not found or None in names else {str(each) for each in names}

    def add(self, event: Event, place: Any = ..., text: str = "") -> None:
        """Measure the gradient of a value that forward has passed, or of the part of it at an index."""
        value = event.value[place]
        if not np.size(value):
            return
        scale = max(float(np.sqrt(np.mean(value**2))), 0.1) * _STEP / max(1.0, np.sqrt(value.size) / 3)
        slopes = []
        for number in (0, 1):
            change = np.zeros(event.value.shape)
            change[place] = scale * direction(value.shape, number)
            high = self.scenario.loss(Injector(event.key, event.occurrence, change))
            low = self.scenario.loss(Injector(event.key, event.occurrence, -change))
            slopes.append(self.sign * (high - low) / (2 * scale))
        if any(slopes) and all(np.isfinite(slopes)):
            self.influential.add(event.key)
            if value.size == 1 and abs(abs(slopes[0]) - abs(direction(value.shape, 0).item())) < 1e-6 * abs(slopes[0]):
                return  # the gradient of the loss itself: every 1 in a file would be one
            label, size = self._label(event) + text, (abs(slopes[0]) + abs(slopes[1])) / 2
            entry = True_(label, slopes[0], slopes[1], event.key, event.occurrence, size)
            self.by_size.setdefault(sized(value.shape), []).append(entry)

    def _label(self, event: Event) -> str:
        module = self.scenario.module
        if event.kind == "u":
            use = module.watched.uses[event.number]
            return f"{use.text} as used in line {use.line}"
        site = module.sites[event.number]
        name = site.target
        if event.part >= 0:
            name = site.names[event.part] if event.part < len(site.names) else f"{name}[{event.part}]"
        return f"{name or 'what is returned'} (line {site.line})"

    def _sums(self) -> None:
        """Partial sums over time of the uses of one variable: what an accumulator holds on the way."""
        for shape, entries in list(self.by_size.items()):
            groups: dict[tuple[str, int, int], list[True_]] = {}
            for each in entries:
                groups.setdefault(each.key, []).append(each)
            for key, group in groups.items():
                if not 2 <= len(group) <= MANY:
                    continue
                group.sort(key=lambda each: each.occurrence)
                for order in (group, group[::-1]):
                    first = second = 0.0
                    for count, each in enumerate(order):
                        first, second = first + each.first, second + each.second
                        if count:
                            label = f"{each.label}, summed over the steps so far"
                            self.by_size[shape].append(True_(label, first, second, key, -1, abs(first)))

    def freeze(self) -> None:
        """Make the tables in which gradients are looked up."""
        for shape, entries in self.by_size.items():
            table = np.array([[each.first, each.second] for each in entries])
            self._tables[shape] = table
            self._sizes[shape] = np.abs(table).sum(axis=1)
            part = _EXACT if shape > 1 else _EXACT_NUMBER  # a single number is soon met by chance
            self._allowed[shape] = part * np.maximum(self._sizes[shape], 1e-9)

    def exact(self, value: Array) -> True_ | None:
        """The forward value whose gradient this is (or the usual multiple of it), if any."""
        return self._exact(value, self.usual if value.ndim else 1.0)

    def multiple(self, name: str, value: Array) -> float:
        """How many times the gradient of a parameter a value is; NaN if it is no multiple."""
        for entry in self.by_size.get(sized(value.shape), []):
            if entry.key[0] == "p" and entry.label == name:
                one, two = signature(value)
                size = abs(entry.first) + abs(entry.second)
                if abs(one * entry.second - two * entry.first) <= _EXACT * (abs(one) + abs(two)) * max(size, 1e-12):
                    return (
                        (abs(one) + abs(two))
                        / max(size, 1e-300)
                        * (1.0 if one * entry.first + two * entry.second > 0 else -1.0)
                    )
        return math.nan

    def whole(self, value: Array) -> bool:
        """Whether this is all of the gradient of some value, not only what comes through one use of it."""
        return any(each.key[0] != "u" or self._is_unnamed(each) for each in self.all_exact(value))

    def _is_unnamed(self, each: True_) -> bool:
        """Whether a use is of a value without a name, the pre-activation in ``np.tanh(W @ x + b)``: then it is all."""
        node = self.scenario.module.watched.uses[each.key[1]].node
        return isinstance(node, ast.BinOp)

    def all_exact(self, value: Array) -> list[True_]:
        """Every forward value whose gradient this is."""
        shape = sized(value.shape)
        table = self._tables.get(shape)
        if table is None or not value.size:
            return []
        one, two = signature(value)
        allowed = self._allowed[shape]
        fits = np.abs(table[:, 0] - one) + np.abs(table[:, 1] - two) <= allowed
        for factor in {self.usual, *(self.seen_once if value.ndim else ())} - {1.0}:
            fits |= np.abs(table[:, 0] - one / factor) + np.abs(table[:, 1] - two / factor) <= allowed
        return [self.by_size[shape][place] for place in np.flatnonzero(fits)]

    def _exact(self, value: Array, usual: float) -> True_ | None:
        shape = sized(value.shape)
        table = self._tables.get(shape)
        if table is None or not value.size:
            return None
        one, two = signature(value)
        if one == 0 and two == 0:
            return None
        factors = (1.0, usual) if usual != 1.0 else (1.0,)
        for factor in (*factors, *self.seen_once) if value.ndim else factors:
            far = np.abs(table - (one / factor, two / factor)).sum(axis=1) - self._allowed[shape]
            place = int(far.argmin())
            if far[place] <= 0:
                return self.by_size[shape][place]
        return None

    def match(self, value: Array) -> tuple[True_, float] | None:
        """(forward value, k) where this is k times its gradient; k = 1 is preferred."""
        return self._match(value)

    def _match(self, value: Array) -> tuple[True_, float] | None:
        shape = sized(value.shape)
        table = self._tables.get(shape)
        if table is None or not value.size:
            return None
        one, two = signature(value)
        if not (np.isfinite(one) and np.isfinite(two)) or (one == 0 and two == 0):
            return None
        scale = self._sizes[shape]
        far = np.abs(table[:, 0] - one) + np.abs(table[:, 1] - two)
        exact = far <= self._allowed[shape]
        if exact.any():
            return self.by_size[shape][int(np.argmin(np.where(exact, far / np.maximum(scale, 1e-12), np.inf)))], 1.0
        if shape == 1:  # any two numbers are proportional
            usual = self._exact(value, self.usual)
            return (usual, self.usual) if usual is not None else None
        cross = np.abs(table[:, 0] * two - table[:, 1] * one)
        parallel = cross <= _EXACT * (abs(one) + abs(two)) * np.maximum(scale, 1e-12)
        if not parallel.any():
            return None
        place = int(np.argmax(parallel))
        ratio = (one + two) / (table[place, 0] + table[place, 1]) if table[place].sum() else one / table[place, 0]
        return self.by_size[shape][place], float(ratio)
