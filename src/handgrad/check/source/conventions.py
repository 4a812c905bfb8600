"""What looks like a fault and is a convention: minus the gradient that the step adds, a sum that the step divides."""

from typing import Any

import numpy as np

from handgrad.check.source.judge import DIRECTIONS, Judge, direction
from handgrad.check.source.scenario import Choice, Scenario
from handgrad.check.source.updates import step_sign, takes_step, updates_in

_CLOSE = 1e-6


def turned(judge: Judge, text: str) -> tuple[int, int, str]:
    """(sign of the step, its line, what to say): the judge takes the gradient's sign where minus is meant."""
    scenario = judge.scenario
    step, line = step_sign(text, _words(scenario))
    if step <= 0 or not judge.points:
        return step, line, ""
    judge.go_to(0)
    given = scenario.outcome().gradients
    plain, lean = len(judge.right_names(0, given)), judge.leans(0, given)
    if plain == len(judge.names):
        return step, line, ""
    judge.sign = -1.0
    other = len(judge.right_names(0, given))
    if other > plain or (other == plain and (other or 2 * lean <= len(judge.names))):  # a step that adds means minus
        return (
            step,
            line,
            (
                f"backward returns minus the gradient, and line {line} adds it to the parameters: "
                f"that is consistent, and was "
                "checked so"
            ),
        )
    judge.sign = 1.0
    return step, line, ""


def summed(judge: Judge, text: str) -> tuple[int, str]:
    """(k, what to say) where gradients are k times those of the loss, and the step divides by as many samples."""
    words = _words(judge.scenario)
    dividing = [each.line for each in updates_in(text) if each.divides and takes_step(each, words)]
    if not dividing or not judge.points:
        return 1, ""
    judge.go_to(0)
    given = judge.scenario.outcome().gradients
    counts: dict[int, int] = {}
    for name, value in given.items():
        times = _multiple(judge, name, value)
        if times > 1:
            counts[times] = counts.get(times, 0) + 1
    sizes = _sizes(judge.scenario)
    fitting = [each for each in counts if each in sizes and counts[each] > len(judge.right_names(0, given))]
    if not fitting:
        return 1, ""
    k = max(fitting, key=lambda each: counts[each])
    return k, (
        f"the gradients are those of {k} times the loss, a sum where the loss is a mean, and line "
        f"{dividing[0]} divides the "
        "step: that is consistent, and was checked so"
    )


def _words(scenario: Scenario) -> set[str]:
    """The names on the way to the parameters."""
    return {str(word) for each in scenario.parameters for word in each.words}


def times_the_loss(scenario: Scenario, k: float) -> None:
    """Let the gradients belong to k times the loss."""
    inner = scenario.loss_of
    assert inner is not None  # noqa: S101
    scenario.choose(Choice(scenario.loss_text, lambda results: k * inner(results), scenario.last_forward))


def _multiple(judge: Judge, name: str, value: Any) -> int:
    """The whole number of times that a gradient is the true one; 0 if it is none."""
    parameter = next(each for each in judge.scenario.parameters if each.name == name)
    if value is None or np.shape(value) != parameter.shape:
        return 0
    found = set()
    for which in range(DIRECTIONS):
        known = judge.points[0].slopes[name][which]
        along = judge.sign * float(np.sum(value * direction(parameter.shape, which)))
        ratio = along / known.value if known.known and known.value else 0.0
        near = round(ratio) if np.isfinite(ratio) else 0
        found.add(near if abs(ratio - near) <= _CLOSE * abs(near) else 0)
    return found.pop() if len(found) == 1 else 0


def _sizes(scenario: Scenario) -> set[int]:
    """Lengths of axes, and of lists, among what the calls reach."""
    found: set[int] = set()
    for path, value, container, _ in scenario.state.leaves():
        if isinstance(value, np.ndarray):
            found |= {*value.shape, value.size}
        if isinstance(container, list | tuple):
            found.add(len(container))
        if isinstance(value, int) and path:
            found.add(value)
    return found
