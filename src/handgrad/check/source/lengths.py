"""Lists of numbers: as many in a gradient as in what it is the gradient of."""

from dataclasses import replace
from typing import Any

from handgrad.check.source.results import at
from handgrad.check.source.scenario import Gradient, Parameter, Scenario

Found = dict[str, Gradient]


def with_lengths(scenario: Scenario, parameters: list[Parameter], found: Found, results: list[Any]) -> Found:
    """The same gradients; those in lists of numbers, also nested ones, with the shape that their list is to have.

    A list that is doubled in length has the right numbers at its beginning.
    """
    known = {each.name: each for each in parameters}
    return {name: _with_length(scenario, known[name], where, results) for name, where in found.items()}


def _with_length(scenario: Scenario, parameter: Parameter, where: Gradient, results: list[Any]) -> Gradient:
    if where.source != "result" or not where.path:
        return where
    if parameter.shape or isinstance(parameter.key, str):
        return _unless_repeated(where, results)
    ours, theirs = list(parameter.path), list(where.path)
    steps = 0
    while ours and theirs and isinstance(ours[-1], int) and ours.pop() == theirs.pop():
        whole = at(scenario.state.roots[ours[0]], tuple(ours[1:])) if ours else None
        if not is_numbers(whole):
            break
        steps += 1
    if not steps:
        return where
    whole = at(scenario.state.roots[parameter.path[0]], parameter.path[1 : len(parameter.path) - steps])
    return replace(where, within=steps, counts=counts(whole))


def _unless_repeated(where: Gradient, results: list[Any]) -> Gradient:
    """Where a list on the way holds the same two things or more again and again."""
    for within in range(1, len(where.path) + 1):
        try:
            held = at(results[where.call], where.path[:-within])
        except (KeyError, IndexError, AttributeError, TypeError):
            return where
        if not isinstance(held, list | tuple) or hasattr(held, "_fields"):
            continue
        count = len({id(each) for each in held})
        if 1 < count < len(held) and all(each is held[place % count] for place, each in enumerate(held)):
            return replace(where, within=within, counts=count)
    return where


def is_numbers(value: Any) -> bool:
    """Whether it is a list of plain numbers, or of such lists."""
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(each, float) or is_numbers(each) for each in value)


def counts(value: Any) -> Any:
    """How many numbers a list has; of a list of lists, those of each."""
    return tuple(counts(each) for each in value) if isinstance(value[0], list) else len(value)
