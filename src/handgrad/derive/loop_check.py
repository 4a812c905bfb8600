"""Judges the backward lines of a layer that walks through time, each by what it does itself.

In a loop one wrong line spoils all others, through what it hands on to the step before. So where a line is wrong,
backward is run once more, and as soon as a derivative by a value of the forward pass is complete, its numerical value
takes its place: every line then reads right values. Where several lines add to one derivative, each is held to the part
of it that comes through the forward lines with its number.
"""

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from handgrad.check.numerical import TOLERANCE, relative_error
from handgrad.derive.document import Check
from handgrad.derive.loop_lines import STEP, LoopLine, reads
from handgrad.derive.loop_parts import BEFORE, Parts
from handgrad.derive.loop_run import LOSS, LoopRun
from handgrad.derive.loop_source import Values, cell, execute, put
from handgrad.derive.names import differentiated


class Judged(NamedTuple):
    """The checks of a backward pass."""

    lines: tuple[Check | None, ...]  # of each line; None where it is not a derivative
    begun: dict[str, Check]  # of each array that holds a derivative when the loop begins
    apart: bool  # whether every line read right values


class Write(NamedTuple):
    """What a line did to a derivative in one step."""

    place: int
    t: int
    step: int  # of the derivative
    before: Any
    after: Any


def judge(run: LoopRun) -> Judged:
    """Every line's check. Where no line can be told from the others, those that give a wrong value fail together."""
    lines = run.source.backward.lines
    plain = {target: run.check(target) for target in dict.fromkeys(line.target for line in lines)}
    together = Judged(tuple(plain[line.target] for line in lines), _begun(run), apart=False)
    if all(check is None or check.passed for check in together.lines):
        right = {target: check for target, check in together.begun.items() if check.passed}
        return together._replace(begun=right)
    judged = _Corrected(run).judged(together)
    found = [*judged.lines, *judged.begun.values()] if judged else []
    return judged if judged and not all(check is None or check.passed for check in found) else together


def derivative_arrays(run: LoopRun) -> list[str]:
    """The arrays of the backward pass with a derivative by a state for every step."""
    indexed = dict.fromkeys(line.target for line in run.source.backward.lines if line.index)
    return [name for name in indexed if name[1:] not in run.inputs and differentiated(name, run.values)]


def _begun(run: LoopRun) -> dict[str, Check]:
    """The checks of the arrays that are not all zero before the loop."""
    begun = {}
    for name in derivative_arrays(run):
        parts = Parts(run, name)
        array = run.prepared_back.get(name)
        if isinstance(array, np.ndarray) and array.any() and parts.readable:
            begun[name] = Check(max(parts.error_at_first(array[s], s) for s in parts.steps(array)), parts.method)
    return begun


@dataclass
class _Corrected:
    """Backward, run with right values to read."""

    run: LoopRun
    groups: dict[str, list[int]] = field(default_factory=dict)  # target to the places of its lines
    writes: dict[str, list[Write]] = field(default_factory=dict)
    found: dict[str, dict[int, Any]] = field(default_factory=dict)  # target, step: the value when it is complete
    parts: dict[str, Parts] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.lines = self.run.source.backward.lines
        for place, line in enumerate(self.lines):
            by_step = line.index or line.target[1:] not in self.run.inputs
            if by_step and differentiated(line.target, {*self.run.inputs, *self.run.made, *self.run.values}):
                self.groups.setdefault(line.target, []).append(place)
        for target in self.groups:
            self.parts[target], self.writes[target], self.found[target] = Parts(self.run, target), [], {}

    def judged(self, together: Judged) -> Judged | None:
        """All checks; None where a value has another shape than the derivative that it is to be, so that none can
        take its place."""
        values = self._walk()
        if values is None:
            return None
        checks: dict[int, Check] = {}
        begun = dict(together.begun)
        for target, places in self.groups.items():
            checks |= self._checks(target, places, begun)
        for place, (line, check) in enumerate(zip(self.lines, together.lines, strict=True)):
            if check is not None and place not in checks:
                checks |= self._summed(line.target, values[line.target])
        return Judged(tuple(checks.get(place) for place in range(len(self.lines))), begun, apart=True)

    def _walk(self) -> Values | None:
        """All values at the end."""
        walk = self.run.source.backward
        values = walk.prepared(self.run.given_back())
        for target, places in self.groups.items():
            index = {self.lines[place].index for place in places}
            if index == {BEFORE} and not self._complete(target, STEP, {**values, STEP: self.run.steps - 1}):
                return None
            if "" in index and len(index) > 1:
                return None
        for t in execute(walk.over, values, "what the loop runs over"):
            values[STEP] = t
            for place, line in enumerate(self.lines):
                if not self._write(place, line, values):
                    return None
        return values

    def _write(self, place: int, line: LoopLine, values: Values) -> bool:
        if line.target not in self.writes:
            self.writes[line.target] = []
        t = values[STEP]
        before = np.array(cell(values, line.target, line.index)) if line.index or line.added else None
        execute(line.code, values, f"`{line.origin.code}`")
        step = t - (line.index == BEFORE)
        self.writes[line.target].append(Write(place, t, step, before, np.array(cell(values, line.target, line.index))))
        if line.target not in self.groups:
            return True
        return not self._last(place, line, step) or self._complete(line.target, line.index, values)

    def _last(self, place: int, line: LoopLine, step: int) -> bool:
        """Whether no later line adds to what this one gives."""
        same = [each for each in self.groups[line.target] if self.lines[each].index == line.index]
        here = any(self.lines[each].index == STEP for each in self.groups[line.target])
        return place == same[-1] and (line.index != BEFORE or not here or step == -1)

    def _complete(self, target: str, index: str, values: Values) -> bool:
        """Keep a derivative that is complete, and let the numerical one take its place."""
        step = values[STEP] - (index == BEFORE)
        if step == -1 and len(values[target]) == self.run.steps:
            return True  # there is no entry for the state before the first step
        found = np.array(cell(values, target, index))
        right = self.parts[target].whole(step)
        self.found[target][step] = found
        if index and found.shape != right.shape:
            return False
        put(values, target, index, right.copy())
        return True

    def _checks(self, target: str, places: list[int], begun: dict[str, Check]) -> dict[int, Check]:
        """The checks of the lines that give ``target``, and, in ``begun``, of what stands there before the loop."""
        parts = self.parts[target]
        error = max(relative_error(found, parts.whole(step)) for step, found in self.found[target].items())
        together = dict.fromkeys(places, Check(error, parts.method))
        if error <= TOLERANCE:
            return together
        own = self._own_errors(target, places)
        first, array = self.lines[places[0]], self.run.prepared_back.get(target)
        begins = first.index and first.added and self._given(places, parts) is None
        if own is not None and begins and isinstance(array, np.ndarray):
            start = Check(max(parts.error_at_first(array[s], s) for s in parts.steps(array)), parts.method)
            if array.any() or not start.passed:
                begun[target] = start
        wrong = own is not None and (max(own.values()) > TOLERANCE or not begun.get(target, _RIGHT).passed)
        return {place: Check(own[place], parts.method) for place in places} if own and wrong else together

    def _summed(self, target: str, found: Any) -> dict[int, Check]:
        """The checks of the lines that give a sum over the steps, such as the derivative by a parameter."""
        parts, places = Parts(self.run, target), [i for i, line in enumerate(self.lines) if line.target == target]
        numeric = self.run.derivative(LOSS, None, parts.of)
        together = dict.fromkeys(places, Check(relative_error(found, numeric.gradient), numeric.method))
        readers = {place: self._readers(place, places, parts) for place in places}
        met = [reader for place in places for reader in readers[place]]
        added = all(self.lines[place].added for place in places)
        if together[places[0]].passed or not added or not all(readers.values()) or len(set(met)) < len(met):
            return together
        off: dict[int, Any] = dict.fromkeys(places, 0.0)
        for write in self.writes[target]:
            off[write.place] += write.after - write.before - parts.through("", readers[write.place], write.t)
        errors = {place: relative_error(numeric.gradient + off[place], numeric.gradient) for place in places}
        alone = max(errors.values()) > TOLERANCE
        return {place: Check(errors[place], numeric.method) for place in places} if alone else together

    def _own_errors(self, target: str, places: list[int]) -> dict[int, float] | None:
        """The error that each line makes itself; None where the parts cannot be told."""
        parts, errors = self.parts[target], dict.fromkeys(places, 0.0)
        readers = {place: self._readers(place, places, parts) for place in places}
        met = [(self.lines[place].index, reader) for place in places for reader in readers[place]]
        given = self._given(places, parts)
        if (
            not parts.readable
            or len(set(met)) < len(met)
            or not all(readers[place] for place in places if place != given)
        ):
            return None
        so_far: dict[int, Any] = {}
        for write in self.writes[target]:
            line = self.lines[write.place]
            rest = parts.rest(write.step)
            part = rest if write.place == given else parts.through(line.index, readers[write.place], write.t)
            if write.after.shape != part.shape:
                errors[write.place] = math.inf
                continue
            known = so_far[write.step] if write.step in so_far else 0 * rest if given is not None else rest
            deviation = write.after - write.before - part if line.added else write.after - known - part
            so_far[write.step] = known + part
            errors[write.place] = max(errors[write.place], parts.error(deviation, write.step))
        return errors

    def _given(self, places: list[int], parts: Parts) -> int | None:
        """The line that adds, inside the loop, what comes from behind it, as ``dh[t] += dy[t]`` does."""
        dy = self.run.source.backward.arguments[2]
        for place in places:
            line = self.lines[place]
            if line.index == STEP and dy in reads(line) and not parts.readers(STEP):
                return place
        return None

    def _readers(self, place: int, places: list[int], parts: Parts) -> tuple[int, ...]:
        """The forward lines that a line differentiates."""
        line = self.lines[place]
        numbers = frozenset(line.number.replace(" ", "").split(",")) if len(places) > 1 else None
        return parts.readers(line.index, numbers)


_RIGHT = Check(0.0, "")
