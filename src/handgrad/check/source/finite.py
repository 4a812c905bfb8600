"""A loss that is not a finite number: what is said of it, and where the first such value stands."""

import contextlib
from typing import Any

import numpy as np

from handgrad.check.source.hooks import Recorder
from handgrad.check.source.scenario import Parameter, Scenario
from handgrad.check.source.state import Path
from handgrad.errors import InputError


def not_finite(scenario: Scenario) -> InputError:
    """The error for a loss that is NaN or infinite at the file's own values; it names what is to blame: an array that
    holds such a number from the start, or the line that computes the first one."""
    scenario.point = {}
    start = f"the loss of {scenario.module.name} is not a finite number"
    given = _in_data(scenario)
    if given:
        return InputError(f"{start}, because {given}, expected finite numbers; give it finite values first")
    line = _first_line(scenario)
    where = f" (line {line} is the first to compute nan or inf)" if line else " at the file's own values"
    return InputError(f"{start}{where}, expected one; check inputs, logs, roots and divisions")


def is_finite(scenario: Scenario) -> bool:
    """Whether the loss, or one of those that it may be, is a finite number at the present point."""
    if not scenario.loss_choices:
        return bool(np.isfinite(scenario.loss()))
    kept = scenario.loss_of, scenario.loss_text, scenario.last_forward
    try:
        for choice in scenario.loss_choices:
            scenario.choose(choice)
            if np.isfinite(scenario.loss()):
                return True
        return False
    finally:
        scenario.loss_of, scenario.loss_text, scenario.last_forward = kept


def _in_data(scenario: Scenario) -> str:
    """The array or number that the file starts from and that makes the loss what it is, in words; "" if none does."""
    scenario.state.restore()
    odd = [each for each in _odd(scenario) if each.array is not None or not isinstance(each.container, tuple)]
    kept, scenario.parameters = scenario.parameters, odd
    try:
        if not odd or not _finite_without(scenario, odd):
            return ""
        alone = (each for each in odd if not _finite_without(scenario, [one for one in odd if one is not each]))
        blamed = next(alone, odd[0])
    finally:
        scenario.parameters, scenario.point = kept, {}
    place = [int(each) for each in np.argwhere(~np.isfinite(blamed.value))[0]]
    at = f" at {place}" if place else ""
    return f"{_words(scenario, blamed.path)} holds {blamed.value[tuple(place)]}{at}"


def _odd(scenario: Scenario) -> list[Parameter]:
    """What is not finite from the start, as something that can be given another value."""
    found: list[Parameter] = []
    for path, thing, container, key in scenario.state.leaves():
        value = np.asarray(thing)
        if value.dtype.kind == "f" and not np.all(np.isfinite(value)):
            array = thing if isinstance(thing, np.ndarray) else None
            found.append(Parameter((), str(len(found)), path, container, key, array, value.shape, np.array(value)))
    return found


def _finite_without(scenario: Scenario, some: list[Parameter]) -> bool:
    """Whether the loss is finite with ones where these hold what is not."""
    scenario.point = {each.name: np.where(np.isfinite(each.value), each.value, 1.0) for each in some}
    return is_finite(scenario)


def _words(scenario: Scenario, path: Path) -> str:
    """What a user calls the thing at a path of the state."""
    names: list[Any] = list(path[1:])
    call = next((each for each in scenario.calls if each.root == path[0]), None)
    if call is not None:
        names = [call.argument(path[2]), *path[3:]] if path[1] == "args" else list(path[2:])
    head, *rest = names
    return f"{head}{''.join(f'.{each}' if isinstance(each, str) else f'[{each}]' for each in rest)}"


def _first_line(scenario: Scenario) -> int | None:
    """The line that computes the first value that is not finite; None if it is not seen."""
    recorder = Recorder()
    with contextlib.suppress(Exception):  # whatever the user's code does with such numbers: what came before was seen
        scenario.run(forward_only=True, watcher=recorder)
    for each in recorder.events:
        if each.kind != "u" and not np.all(np.isfinite(each.value)):
            return scenario.module.sites[each.number].line
    return None
