"""The calls of a user's file as one function of its parameters: loss and gradients, run again and again."""

import time
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from handgrad.check.source.calls import Call
from handgrad.check.source.capture import Capture
from handgrad.check.source.hooks import Recorder, Watcher
from handgrad.check.source.limits import Overrun, limited
from handgrad.check.source.module import UserModule
from handgrad.check.source.results import at
from handgrad.check.source.state import Path
from handgrad.check.source.things import is_followed, is_sequence, items_of
from handgrad.check.source.training import FirstStep, FirstStepDone, Training

Array = Any


@dataclass
class Parameter:
    """An array or a number that has a gradient."""

    words: tuple[Any, ...]  # the names on the way to it
    name: str
    path: Path  # in the state
    container: Any
    key: Any
    array: Array | None  # None for a number, which is exchanged in its container

    shape: tuple[int, ...] = ()
    value: Array = None  # at the user's own point, float64
    twins: list[tuple[Any, Any]] = field(default_factory=list)  # further places of a number
    aliases: set[tuple[Any, ...]] = field(default_factory=set)  # other names on the way to it
    thing: Any = None  # the object in the user's file

    def set(self, value: Array) -> None:
        """Give it another value, until the state is restored."""
        if self.array is not None:
            np.copyto(self.array, value)
            return
        for container, key in ((self.container, self.key), *self.twins):
            if not isinstance(container, tuple):
                container[key] = float(value)


@dataclass
class Gradient:
    """Where the gradient of a parameter is found after a run."""

    source: str  # "result", "state", "local", "missing", "step": how much backward itself took from the parameter
    call: int = 0
    path: Path = ()
    name: str = ""
    sites: tuple[int, ...] = ()  # of a local variable
    parameter: Parameter | None = None  # of a step
    scale: float = 1.0  # what a step is multiplied by to be a gradient
    within: int = 0  # last steps of the path that lead through lists of numbers,
    counts: Any = None  # which are to have so many numbers


@dataclass
class Choice:
    """A scalar that the gradients may belong to."""

    words: str
    of: Callable[[list[Any]], float]  # of the results of the calls
    last_forward: int  # how many calls it needs
    returned: bool = True  # by the file; a guess if not


@dataclass
class Outcome:
    """One run: its loss and its gradients, by the parameter's name; None for a gradient that is not there."""

    loss: float
    gradients: dict[str, Any]
    results: list[Any] = field(default_factory=list)


class TimeUp(BaseException):
    """The time for checking is over."""


class Scenario:
    """Runs the captured calls from the same state, at any values of the parameters."""

    def __init__(self, module: UserModule, capture: Capture) -> None:
        assert capture.state is not None  # noqa: S101
        self.module = module
        self.state = capture.state
        self.calls = capture.calls
        self.parameters: list[Parameter] = []
        self.gradients: dict[str, Gradient] = {}
        self.loss_of: Callable[[list[Any]], float] | None = None
        self.loss_text = ""
        self.loss_choices: list[Choice] = []  # where it is not known which one it is
        self.cotangents: list[tuple[Path, Any]] = []
        self.live: list[tuple[Path, Any]] = []  # the cotangents of the present run, which the user's code may change
        self.last_forward = len(self.calls)  # calls needed for the loss alone
        self.point: dict[str, Array] = {}
        self.deadline = float("inf")
        self.runs = 0
        self.drew = False  # whether a call but the last was seen to draw random numbers
        self.redrawn: frozenset[int] = frozenset()  # calls of backward that draw though forward has drawn for them
        self.slowest = 0.0  # seconds of a run of the file as it stands
        self.stage_watcher: Recorder | None = None
        self.training: Training | None = None  # where one call takes all steps, of which the first one is looked at
        self.step: FirstStep | None = None  # what was seen of it in the last run

    def choose(self, choice: Choice) -> None:
        """Take a scalar as the loss."""
        self.loss_text, self.loss_of, self.last_forward = choice.words, choice.of, choice.last_forward

    # running

    def run(self, *, forward_only: bool = False, watcher: Watcher | None = None) -> list[Any]:
        """Replay the calls at the present point and return their results."""
        if time.monotonic() > self.deadline:
            raise TimeUp
        self.runs += 1
        self.state.restore()
        for each in self.parameters:
            value = self.point.get(each.name)
            if value is not None:
                each.set(value)
        self.live = [(path, value.copy()) for path, value in self.cotangents]
        hooks = self.module.hooks
        self.step = FirstStep(self.training, watcher) if self.training is not None else None
        hooks.watcher = watcher if self.step is None else self.step
        results: list[Any] = []
        try:
            with limited(self._allowed(), lambda frame: Overrun()):
                for number, call in enumerate(self.calls[: self.last_forward] if forward_only else self.calls):
                    if isinstance(watcher, Recorder):
                        watcher.stage = number
                    self.drew = self.drew or (self.state.draws and self.state.has_drawn())
                    if number and self.state.draws and number not in self.redrawn:
                        # a mask that loss and gradients both draw is one mask
                        self.state.restore_random()
                    results.append(self._replay(call, results))
        except FirstStepDone:
            results += [None] * (len(self.calls) - len(results))
        finally:
            hooks.watcher = None
        return results

    def _allowed(self) -> float:
        """Seconds that a run may take: far more than the file itself needs, but an edit may have made a loop
        endless."""
        left = max(0.2, self.deadline - time.monotonic())
        return min(left, 2.0 + 50 * self.slowest) if self.slowest else left

    def _replay(self, call: Call, results: list[Any]) -> Any:
        args, keywords = list(call.args), dict(call.keywords)
        for path, link in call.links:
            _put(args if path[0] == "args" else keywords, path[1:], at(results[link.call], link.path))
        for path, value in self.live:
            if path[0] == call.root:
                _put(args if path[1] == "args" else keywords, path[2:], value)
        if call.closure is not None:
            return at(results[call.closure.call], call.closure.path)(*args, **keywords)
        return self.module.function(call.name)(*args, **keywords)

    def loss(self, watcher: Watcher | None = None) -> float:
        """The loss at the present point; NaN if it is no number."""
        assert self.loss_of is not None  # noqa: S101
        try:
            return self.loss_of(self.run(forward_only=True, watcher=watcher))
        except Exception:  # whatever the user's code raises at other values
            return float("nan")

    def outcome(self, watcher: Watcher | None = None) -> Outcome:
        """Loss and gradients at the present point. Raises what the user's code raises."""
        local = None
        if watcher is None and any(each.source == "local" for each in self.gradients.values()):
            local = watcher = LocalWatcher({site for each in self.gradients.values() for site in each.sites})
        results = self.run(watcher=watcher)
        values = {}
        for name, where in self.gradients.items():
            values[name] = self._gradient(where, results, local if local is not None else watcher)
        loss = self.loss_of(results) if self.loss_of is not None else float("nan")
        return Outcome(loss, values, results)

    def _gradient(self, where: Gradient, results: list[Any], watcher: Any) -> Any:
        try:
            if where.source == "result":
                value = at(results[where.call], where.path)
                if where.within:
                    value = _counted(at(results[where.call], where.path[: -where.within]), where.counts, value)
            elif where.source == "state":
                value = at(self.state.roots[where.path[0]], where.path[1:])
            elif where.source == "step" and where.parameter is not None:
                known = where.parameter
                now = at(self.state.roots[where.path[0]], where.path[1:])
                value = where.scale * (self.point.get(known.name, known.value) - now)
            else:
                value = watcher.last(where.sites)
            return None if value is None else np.array(value, dtype=np.float64)
        except (KeyError, IndexError, AttributeError, TypeError, ValueError):
            return None


def _counted(numbers: Any, counts: Any, value: Any) -> Any:
    """The value, if the list that it stands in has the right length; else one of that length, which fits nothing."""
    wanted = len(counts) if isinstance(counts, tuple) else counts
    if len(numbers) != wanted:
        return np.full(len(numbers), np.nan)
    if isinstance(counts, tuple):
        for part, count in zip(numbers, counts, strict=True):
            if _counted(part, count, value) is not value:
                return np.full(np.shape(part), np.nan)
    return value


class LocalWatcher:
    """Keeps the last value of some local variables."""

    def __init__(self, sites: set[int]) -> None:
        self.sites = sites
        self.values: dict[int, Any] = {}
        self.latest: list[int] = []

    def __call__(self, kind: str, number: int, value: Any) -> Any:
        """See a value."""
        if number in self.sites and kind in "vr":
            self.values[number] = value
            self.latest.append(number)
        return value

    def last(self, sites: tuple[int, ...]) -> Any:
        """The value that was assigned last at any of these sites."""
        for number in reversed(self.latest):
            if number in sites:
                return self.values[number]
        return None


def _put(value: Any, path: Path, new: Any) -> None:
    for depth, step in enumerate(path[:-1]):
        inner = value[step]
        if isinstance(inner, tuple):  # made again, with the part exchanged
            parts = list(inner)
            _put(parts, path[depth + 1 :], new)
            value[step] = type(inner)(*parts) if hasattr(inner, "_fields") else tuple(parts)
            return
        if isinstance(inner, list | dict):
            inner = inner.copy()
            value[step] = inner
        value = inner
    value[path[-1]] = new


def array_paths(result: Any, path: Path = (), depth: int = 4) -> list[tuple[Path, Any]]:
    """Arrays and numbers in a result, with their paths."""
    if isinstance(result, np.ndarray) and result.dtype != object:
        return [(path, result)]
    if isinstance(result, float | int | np.floating) and not isinstance(result, bool):
        return [(path, result)]
    if len(path) >= depth or isinstance(result, type | types.FunctionType):
        return []
    if isinstance(result, dict) or is_sequence(result) or is_followed(result):
        return [one for step, each in items_of(result) for one in array_paths(each, (*path, step), depth)]
    return []
