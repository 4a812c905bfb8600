"""Parameters without a gradient, where the file itself says that they have one."""

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
    expected: dict[str, Gradient] = {}
    updates = updates_in(scenario.module.text)
    for each in parameters:
        if each.name in found or each.array is None or not each.words:
            continue
        last = each.words[-1]
        sibling = _sibling(each, parameters, found)
        if sibling is not None and isinstance(last, str):
            wanted = (
                isinstance(error, KeyError) and error.args and error.args[0] in each.container
            )  # by a loop over all
            if wanted or _is_none(scenario, sibling, last):
                expected[each.name] = _beside(sibling, last)
                continue
        if any(last in update.words and _names_gradient(update.value, str(last)) for update in updates):
            expected[each.name] = Gradient("missing")
    return {name: where for name, where in expected.items() if _matters(scenario, parameters, name)}


def _sibling(parameter: Parameter, parameters: list[Parameter], found: dict[str, Gradient]) -> Gradient | None:
    """The gradient of another value of the same dict, under the same key or one that differs as the keys do."""
    holders = _holders(parameter)
    for each in parameters:
        where = found.get(each.name)
        if where is None or where.source != "result" or not where.path or not _holders(each) & holders:
            continue
        if isinstance(where.path[-1], str) and isinstance(parameter.container, dict):
            return where
    return None


def _holders(parameter: Parameter) -> set[tuple[Any, ...]]:
    """The names of what holds a parameter."""
    return {words[:-1] for words in (parameter.words, *parameter.aliases) if len(words) > 1}


def _beside(sibling: Gradient, key: str) -> Gradient:
    return Gradient(sibling.source, sibling.call, (*sibling.path[:-1], key))


def _is_none(scenario: Scenario, sibling: Gradient, key: str) -> bool:
    """Whether the gradients have such a key, with nothing behind it."""
    from handgrad.check.source.results import at

    try:
        holder: Any = at(scenario.calls[sibling.call].result, sibling.path[:-1])
    except (KeyError, IndexError, TypeError, AttributeError):
        return False
    return isinstance(holder, dict) and key in holder and holder[key] is None


def _names_gradient(value: Any, name: str) -> bool:
    """Whether what a step subtracts bears the name of the gradient of this parameter."""
    import ast

    names = [each.id for each in ast.walk(value) if isinstance(each, ast.Name)]
    names += [each.attr for each in ast.walk(value) if isinstance(each, ast.Attribute)]
    return any(name in bases(each) for each in names)


def _matters(scenario: Scenario, parameters: list[Parameter], name: str) -> bool:
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
