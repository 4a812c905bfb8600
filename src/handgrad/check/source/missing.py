"""Parameters without a gradient, where the file itself says that they have one."""

import ast
from collections.abc import Iterator
from typing import Any

import numpy as np

from handgrad.check.source.judge import direction
from handgrad.check.source.roles import bases
from handgrad.check.source.scenario import Gradient, Parameter, Scenario
from handgrad.check.source.updates import updates_in

_MATTERS = 1e-9  # derivative of the loss, relative to the loss, from which on a parameter counts


def without_gradient(
    scenario: Scenario, parameters: list[Parameter], found: dict[str, Gradient], error: BaseException | None
) -> dict[str, Gradient]:
    """Where the gradient of each such parameter would be found, if there were one."""
    left = [each for each in parameters if each.name not in found and each.array is not None and each.words]
    expected = {each.name: Gradient("missing") for each in left if _is_stepped(scenario, each)}
    if isinstance(error, KeyError) and error.args:  # by a loop over all
        for group in _dicts(scenario, parameters):
            there = {key: each for key, each in group.items() if each.name in found}
            for key, each in group.items():
                beside = _beside(key, there, found)
                if each.name not in found and each.array is not None and beside is not None and error.args[0] in group:
                    expected[each.name] = beside
    expected = {name: where for name, where in expected.items() if matters(scenario, parameters, name)}
    return expected | _keys_left_out(scenario, parameters, found)


def _is_stepped(scenario: Scenario, parameter: Parameter) -> bool:
    """Whether a step of the file names the gradient of this parameter."""
    last = parameter.words[-1]
    return any(
        last in update.words and _names_gradient(update.value, str(last)) for update in updates_in(scenario.module.text)
    )


def _keys_left_out(scenario: Scenario, parameters: list[Parameter], found: dict[str, Gradient]) -> dict[str, Gradient]:
    """Parameters of a dict most of which have their gradients under their own keys in another dict, but not these."""
    expected: dict[str, Gradient] = {}
    for group in _dicts(scenario, parameters):
        there = {key: each for key, each in group.items() if each.name in found}
        left = {key: each for key, each in group.items() if each.name not in found and each.array is not None}
        places = {each.name: where for key, each in left.items() if (where := _beside(key, there, found)) is not None}
        if not places or len(there) <= len(places):  # as many without: they are not trained
            continue
        expected |= {name: where for name, where in places.items() if matters(scenario, parameters, name)}
    return expected


def _dicts(scenario: Scenario, parameters: list[Parameter]) -> Iterator[dict[str, Parameter]]:
    """Parameters by the keys under which a dict of the user's holds them."""
    known = {id(each.thing): each for each in parameters if isinstance(each.thing, np.ndarray)}
    ours = {id(part) for root in scenario.state.roots.values() for part in (root, root.get("keywords"))}
    for each in scenario.state.dicts:
        if id(each) not in ours:
            yield {key: known[id(value)] for key, value in each.items() if isinstance(key, str) and id(value) in known}


def _beside(key: Any, others: dict[str, Parameter], found: dict[str, Gradient]) -> Gradient | None:
    """Where the gradient of a key would be, beside those of other keys of the same dict."""
    for theirs, each in others.items():
        where = found.get(each.name)
        if where is None or not where.path or where.source not in ("result", "state"):
            continue
        step = where.path[-1]
        if isinstance(step, str) and theirs in {step, *bases(step)}:
            start = step.rindex(theirs)
            beside = step[:start] + str(key) + step[start + len(theirs) :]
            return Gradient(where.source, where.call, (*where.path[:-1], beside))
    return None


def _names_gradient(value: Any, name: str) -> bool:
    """Whether what a step subtracts bears the name of the gradient of this parameter."""
    names = [each.id for each in ast.walk(value) if isinstance(each, ast.Name)]
    names += [each.attr for each in ast.walk(value) if isinstance(each, ast.Attribute)]
    return any(name in bases(each) for each in names)


def matters(scenario: Scenario, parameters: list[Parameter], name: str) -> bool:
    """Whether the loss moves with a parameter."""
    parameter = next(each for each in parameters if each.name == name)
    return abs(slope_along(scenario, parameter)) > _MATTERS


def slope_along(scenario: Scenario, parameter: Parameter, which: int = 0) -> float:
    """The derivative of the loss by a parameter along a fixed direction, roughly; NaN if the loss is no number."""
    way = direction(parameter.shape, which)
    step = 1e-5 * max(1.0, float(np.sqrt(np.mean(parameter.value**2))))
    kept, scenario.parameters = scenario.parameters, [parameter]
    sides = []
    for sign in (1, -1):
        scenario.point = {parameter.name: parameter.value + sign * step * way}
        sides.append(scenario.loss())
    scenario.point, scenario.parameters = {}, kept
    return (sides[0] - sides[1]) / (2 * step)
