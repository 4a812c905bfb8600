"""The verdict on one parameter, with the entries that show it."""

import math
from typing import Any

import numpy as np

from handgrad.check.numerical import relative_error
from handgrad.check.result import ParameterVerdict
from handgrad.check.source.independent import BLIND
from handgrad.check.source.judge import Judge, direction, length, slope
from handgrad.check.source.scenario import Parameter, Scenario

_ENTRIES = 48
_AGREE = 1e-6


def verdict_of(scenario: Scenario, judge: Judge, parameter: Parameter, right: bool) -> ParameterVerdict:
    """Compare the gradient of a parameter with numerical derivatives, at the user's own point first."""
    number = 0
    judge.go_to(number)
    given = scenario.outcome().gradients.get(parameter.name)
    shape_fault = _shape_fault(parameter, given)
    if given is None or shape_fault:
        return ParameterVerdict(parameter.name, parameter.shape, "wrong", math.inf, 0, why=shape_fault)
    if not right and judge.is_right(0, parameter, given) is False and _kink(scenario, judge, parameter, given):
        return ParameterVerdict(parameter.name, parameter.shape, "inconclusive", 0.0, 0, why="at a kink of the loss")
    if not right and judge.is_right(0, parameter, given) is not False:
        number = _wrong_point(scenario, judge, parameter)
        judge.go_to(number)
        given = scenario.outcome().gradients[parameter.name]
    if right and _blind(judge, parameter, given):
        return ParameterVerdict(parameter.name, parameter.shape, "inconclusive", 0.0, 0, why=BLIND)
    if right:
        return ParameterVerdict(
            parameter.name, parameter.shape, "right", _projected_error(judge, parameter, given), int(np.size(given))
        )
    return _compared(scenario, judge, number, parameter, given)


def _compared(scenario: Scenario, judge: Judge, number: int, parameter: Parameter, given: Any) -> ParameterVerdict:
    """The verdict on a gradient that some direction has shown to be wrong, by its entries at one point."""
    places = _places(parameter, given)
    numerical = np.array([_entry(scenario, judge, number, parameter, place) for place in places])
    ours = np.array([judge.sign * given[place] for place in places])
    error = relative_error(ours, numerical)
    if error < _AGREE and len(places) == given.size:  # a direction crossed a kink; the entries by themselves do not
        judge.go_to(0)
        return ParameterVerdict(parameter.name, parameter.shape, "right", error, len(places))
    worst = places[int(np.argmax(np.abs(ours - numerical)))]
    at = places.index(worst)
    judge.go_to(0)
    why = "" if number == 0 else "right at the file's own values, wrong at others near them"
    return ParameterVerdict(
        parameter.name,
        parameter.shape,
        "wrong",
        error,
        len(places),
        worst,
        float(given[worst]),
        float(judge.sign * numerical[at]),
        why,
    )


def _shape_fault(parameter: Parameter, given: Any) -> str:
    if given is None:
        return "no gradient was returned"
    if given.shape != parameter.shape:
        ours = " x ".join(map(str, given.shape)) or "scalar"
        wanted = " x ".join(map(str, parameter.shape)) or "scalar"
        return f"its gradient has shape {ours}, expected {wanted}"
    if not np.all(np.isfinite(given)):
        return "its gradient holds NaN or infinity"
    return ""


def _wrong_point(scenario: Scenario, judge: Judge, parameter: Parameter) -> int:
    for number in range(1, len(judge.points)):
        judge.go_to(number)
        try:
            given = scenario.outcome().gradients.get(parameter.name)
        except Exception:  # noqa: S112 - the user's code may fail at another point
            continue
        if judge.is_right(number, parameter, given) is False:
            return number
    return 0


def _places(parameter: Parameter, given: Any) -> list[tuple[int, ...]]:
    every = list(np.ndindex(parameter.shape))
    if len(every) <= _ENTRIES:
        return every
    rng = np.random.default_rng(3)
    chosen = set(rng.choice(len(every), _ENTRIES // 2, replace=False).tolist())
    chosen |= set(np.argsort(-np.abs(given).ravel())[: _ENTRIES // 4].tolist()) | {0, len(every) - 1}
    return [every[each] for each in sorted(chosen)]


def _entry(scenario: Scenario, judge: Judge, number: int, parameter: Parameter, place: tuple[int, ...]) -> float:
    point = judge.points[number]
    value = point.values[parameter.name]

    def loss(t: float) -> float:
        moved = value.copy()
        moved[place] += t
        scenario.point = {**point.values, parameter.name: moved}
        return scenario.loss()

    found = slope(loss, 1e-3 * max(abs(float(value[place])), 0.1), point.loss)
    scenario.point = point.values
    return found.value


def _projected_error(judge: Judge, parameter: Parameter, given: Any) -> float:
    worst = 0.0
    for which, known in enumerate(judge.points[0].slopes[parameter.name]):
        if known.known:
            along = judge.sign * float(np.sum(given * direction(parameter.shape, which)))
            worst = max(worst, abs(along - known.value) / max(abs(known.value), length(given), 1e-8))
    return worst


def _blind(judge: Judge, parameter: Parameter, given: Any) -> bool:
    """A loss that does not move with the parameter, at any point."""
    size = max(float(np.max(np.abs(given))) if given.size else 0.0, 0.0)
    for point in judge.points:
        for each in point.slopes[parameter.name]:
            if abs(each.value) > 1e-9 * max(1.0, abs(point.loss)):
                return False
    return size < 1e-9


def _kink(scenario: Scenario, judge: Judge, parameter: Parameter, given: Any) -> bool:
    """Whether left and right derivatives differ at the user's point, where all is right at the others."""
    for number in range(1, len(judge.points)):
        judge.go_to(number)
        try:
            other = scenario.outcome().gradients.get(parameter.name)
        except Exception:  # noqa: S112
            continue
        if judge.is_right(number, parameter, other) is False:
            return False
    point = judge.points[0]
    value = point.values[parameter.name]
    for which in range(2):
        way = direction(parameter.shape, which)
        gaps = []
        for step in (1e-4, 1e-5):
            sides = []
            for sign in (1, -1):
                scenario.point = {**point.values, parameter.name: value + sign * step * way}
                sides.append(sign * (scenario.loss() - point.loss) / step)
            gaps.append(abs(sides[0] - sides[1]))
        scenario.point = point.values
        if gaps[1] > 0.5 * gaps[0] and gaps[1] > 1e-6 * max(1.0, length(given)):
            return True
    return False
