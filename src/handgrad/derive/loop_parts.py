"""A derivative in a loop over time as the sum of its parts, each measured: what a line that adds to it is held to."""

import ast
from dataclasses import dataclass
from typing import Any

import numpy as np

from handgrad.check.numerical import relative_error
from handgrad.derive.loop_lines import STEP, LoopLine
from handgrad.derive.loop_run import LOSS, LoopRun

BEFORE = f"{STEP} - 1"
Array = np.ndarray[Any, np.dtype[Any]]


@dataclass
class Parts:
    """A derivative as the sum of its parts: one for each forward line that reads the value, and the rest, which comes
    from what is read behind the loop."""

    run: LoopRun
    target: str
    method: str = ""

    @property
    def of(self) -> str:
        return self.target[1:]

    def steps(self, array: Any) -> range:
        """The steps that ``array`` has an entry for; -1 stands for the one before the first."""
        return range(-1 if len(array) == self.run.steps + 1 else 0, self.run.steps)

    def whole(self, step: int) -> Array:
        """The numerical derivative by the value of ``step``."""
        if self.of in self.run.inputs:
            found = self.run.derivative(LOSS, None, self.of)
            self.method = found.method
            return np.asarray(found.gradient[step])
        found = self.run.derivative(LOSS, None, self.of, step)
        self.method = found.method
        return found.gradient

    @property
    def readable(self) -> bool:
        """Whether every line that reads an array does so by its step."""
        indexed = any(line.target == self.of and line.index for line in self.run.source.forward.lines)
        return not indexed or all("" not in _indices(line, self.of) for line in self.run.source.forward.lines)

    def readers(self, index: str, numbers: frozenset[str] | None = None) -> tuple[int, ...]:
        """The forward lines that read the value at ``index``; of all, those with one of ``numbers``."""
        return tuple(
            place
            for place, line in enumerate(self.run.source.forward.lines)
            if index in _indices(line, self.of) and (numbers is None or line.number in numbers)
        )

    def through(self, index: str, lines: tuple[int, ...], t: int) -> Array:
        """The part that comes through forward ``lines`` in step ``t``."""
        return self.run.used(self.of, index, lines, t).gradient

    def rest(self, step: int) -> Array:
        """The part that no line of the loop reads."""
        left = self.whole(step)
        for index, t in ((STEP, step), (BEFORE, step + 1), ("", step)):
            readers = self.readers(index)
            if readers and 0 <= t < self.run.steps:
                left = left - self.through(index, readers, t)
        return left

    def error_at_first(self, found: Any, step: int) -> float:
        """How far what stands there before the loop is from the rest, on the scale of the whole."""
        return self.error(found - self.rest(step), step)

    def error(self, deviation: Any, step: int) -> float:
        whole = self.whole(step)
        return relative_error(whole + deviation, whole)


def _indices(line: LoopLine, name: str) -> set[str]:
    """How a line reads ``name``: at t, at t - 1, or as it is."""
    found = [
        ast.unparse(node.slice)
        for node in ast.walk(line.value)
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == name
    ]
    names = sum(isinstance(node, ast.Name) and node.id == name for node in ast.walk(line.value))
    by_step = [index for index in found if index in (STEP, BEFORE)]
    return {*by_step, *([""] if names > len(by_step) else [])}
