"""Values after a run that may be gradients, and the names under which they are known."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from handgrad.check.source.callers import evidence
from handgrad.check.source.calls import Call
from handgrad.check.source.parameters import callers_words, words_of
from handgrad.check.source.results import names_returned, words_at
from handgrad.check.source.roles import bases, is_container_of_gradients
from handgrad.check.source.scenario import Gradient, Parameter, Scenario, array_paths
from handgrad.check.source.state import Path

Fits = Callable[[Parameter, Any], bool]  # whether a value is the gradient of a parameter, by the numbers


@dataclass
class Candidate:
    """A value after a run that may be a gradient."""

    gradient: Gradient
    names: tuple[Any, ...]  # keys, attributes and indices on the way to it
    shape: tuple[int, ...]
    certain: bool  # returned by backward, not only left behind by it
    value: Any = None
    aliases: tuple[tuple[Any, ...], ...] = ()  # other names on the way to it

    @property
    def place(self) -> tuple[int, Path] | None:
        """Call and path of what is returned; None of anything else."""
        return (self.gradient.call, self.gradient.path) if self.gradient.source == "result" else None


def candidates_in(scenario: Scenario, results: list[Any], before: dict[Path, Any]) -> list[Candidate]:
    """Values that the backward calls returned, or wrote into objects, dicts and arrays that they were given."""
    found = []
    for number, call in enumerate(scenario.calls):
        if call.backward:
            found += _as_called(_returned(scenario, call, number, results[number]), scenario, call)
    for path, value, _, _ in scenario.state.leaves():
        old = before.get(path)
        if old is None or not _same(old, value):
            words, others = words_of(scenario, path), tuple(callers_words(scenario, path))
            found.append(Candidate(Gradient("state", 0, path), words, np.shape(value), False, value, others))
    return found


def untouched(scenario: Scenario) -> list[Candidate]:
    """Arrays of zeros that bear the name of a gradient: what backward should have written."""
    found = []
    for path, value, _, _ in scenario.state.leaves():
        words = words_of(scenario, path)
        named = any(is_container_of_gradients(str(each)) for each in words) or (words and bases(str(words[-1])))
        if named and isinstance(value, np.ndarray) and value.ndim and not np.any(value):
            found.append(Candidate(Gradient("state", 0, path), words, value.shape, False, value))
    return found


def _returned(scenario: Scenario, call: Call, number: int, result: Any) -> list[Candidate]:
    node = scenario.module.node(call.name)
    names = names_returned(node)
    found = []
    for path, value in array_paths(result):
        words, others = words_at(node, path)
        if path and words == path and hasattr(result, "_fields") and path[0] in result._fields[: len(names)]:
            words, others = (names[result._fields.index(path[0])] or path[0], *path[1:]), path
        elif not path and not words:
            words = (call.name.rsplit(".", 1)[-1],)
        aliases = (others,) if others else ()
        found.append(Candidate(Gradient("result", number, path), words, np.shape(value), True, value, aliases))
    return found


def _as_called(candidates: list[Candidate], scenario: Scenario, call: Call) -> list[Candidate]:
    """With the names that the caller gives to what is returned; those of the return statement are second to them."""
    names = evidence(scenario.module, call).names
    for each in candidates:
        path = each.gradient.path
        known = next((path[:n] for n in range(len(path), -1, -1) if _is_one_gradient(names.get(path[:n], ""))), None)
        if known is not None:
            words = (names[known], *path[len(known) :])
            each.aliases = tuple(dict.fromkeys([each.names, *each.aliases]))
            each.names = words
    return candidates


def _is_one_gradient(name: str) -> bool:
    """The name of a gradient of something that is no gradient by its name: not of ``nabla_w`` as ``delta_nabla_w``."""
    return any(not is_container_of_gradients(each) for each in bases(name))


def _same(old: Any, value: Any) -> bool:
    old, value = np.asarray(old), np.asarray(value)
    return old.shape == value.shape and np.array_equal(old, value, equal_nan=value.dtype.kind == "f")
