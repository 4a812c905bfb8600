"""Parameters that the loss of a file does not depend on at all: a gradient of 0 is right for them."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from handgrad.check.independent import note, stays
from handgrad.check.result import ParameterVerdict
from handgrad.check.source.judge import Judge
from handgrad.check.source.parameters import parameters_in
from handgrad.check.source.scenario import Parameter, Scenario

BLIND = "the loss does not depend on it"
_NOISE = 0.3  # of the size of the data

Table = list[ParameterVerdict]
Values = dict[str, Any]


def settled(table: Table, scenario: Scenario, judge: Judge) -> tuple[Table, list[str]]:
    """The table, in which a parameter is right if the loss never depends on it, and what is to be noted.

    Only beside a parameter that the loss does depend on, and only if the loss stays the same far away as well: of a
    unit that is off at the file's values, or of data that are zero, a gradient of 0 proves nothing.
    """
    blind = [each.name for each in table if each.verdict == "inconclusive" and each.why == BLIND]
    if not blind or all(each.verdict == "inconclusive" for each in table):
        return table, []
    free = [each for each in scenario.parameters if each.name in blind and _is_free(scenario, judge, each)]
    judge.go_to(0)
    if not free:
        return table, []
    names = [each.name for each in free]
    table = [replace(each, verdict="right", why="") if each.name in names else each for each in table]
    return table, [note(names, [each.shape for each in free])]


def _is_free(scenario: Scenario, judge: Judge, parameter: Parameter) -> bool:
    judge.go_to(0)
    given = scenario.outcome().gradients.get(parameter.name)
    kept, data = scenario.parameters, _data(scenario)
    varied = False
    try:
        for values, moved in _places(judge, data):
            scenario.parameters = [*kept, *data]

            def loss(value: Any, values: Values = values) -> float:
                scenario.point = {**values, parameter.name: value}
                return scenario.loss()

            if moved and not np.isfinite(loss(values[parameter.name])):
                continue  # these are no values for this loss
            if not stays(loss, values[parameter.name]):
                return False
            varied = varied or moved
    finally:
        scenario.parameters = kept
    return varied or bool(np.any(given))  # rounding that is left of terms that cancel; an exact 0 may mean no terms


def _places(judge: Judge, data: list[Parameter]) -> Iterator[tuple[Values, bool]]:
    """Values of parameters and data: the file's own and those near them, then others, and whether they are others."""
    rng = np.random.default_rng(8)
    own, near = judge.points[0].values, judge.points[-1].values
    for values in (own, near):
        yield values, False
    for values in (own, near, _drawn(own, rng), {name: -value for name, value in own.items()}):
        noise = {each.name: each.value for each in data}
        yield {**values, **{name: noise[name] + each for name, each in _drawn(noise, rng, _NOISE).items()}}, True


def _drawn(values: Values, rng: np.random.Generator, share: float = 1.0) -> Values:
    """Random numbers of the size of some values, or of a share of it."""
    return {name: share * max(_size(each), _NOISE) * rng.normal(size=each.shape) for name, each in values.items()}


def _data(scenario: Scenario) -> list[Parameter]:
    """The arrays that the file computes with and that are no parameters."""
    scenario.state.restore()
    mine = {id(each.thing) for each in scenario.parameters} | {id(each.array) for each in scenario.parameters}
    found = [each for each in parameters_in(scenario) if each.array is not None and id(each.thing) not in mine]
    for each in found:
        each.name = f"{each.name} (data)"
    return found


def _size(value: Any) -> float:
    return float(np.sqrt(np.mean(value**2))) if value.size else 0.0
