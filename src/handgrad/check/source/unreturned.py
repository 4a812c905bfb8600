"""Gradients that a backward pass keeps to itself: local variables, or only the step that it takes."""

import ast
from dataclasses import replace

import numpy as np

from handgrad.check.source.calls import Call
from handgrad.check.source.candidates import Candidate
from handgrad.check.source.judge import DIRECTIONS, direction
from handgrad.check.source.matching import by_names
from handgrad.check.source.missing import slope_along
from handgrad.check.source.results import at
from handgrad.check.source.roles import bases
from handgrad.check.source.scenario import Gradient, Parameter, Scenario
from handgrad.check.source.updates import Update, updates_in

_CLOSE = 1e-4  # relative


def in_locals(scenario: Scenario, parameters: list[Parameter]) -> dict[str, Gradient]:
    """By the names of local variables of backward, where it is called once."""
    called = [each.name for each in scenario.calls if each.backward]
    functions = {each for each in called if called.count(each) == 1}
    sites: dict[str, list[int]] = {}
    for site in scenario.module.sites:
        if site.function in functions and site.kind in ("assign", "after") and site.target.isidentifier():
            sites.setdefault(site.target, []).append(site.number)
    candidates = [
        Candidate(Gradient("local", name=name, sites=tuple(numbers)), (name,), (), False)
        for name, numbers in sites.items()
        if bases(name)
    ]
    return by_names(scenario, parameters, candidates) if candidates else {}


def in_updates(scenario: Scenario, parameters: list[Parameter]) -> dict[str, Gradient]:
    """By the statement that takes the step with a local variable: ``self.W -= rate * error``."""
    called = [each.name for each in scenario.calls if each.backward]
    found: dict[str, Gradient] = {}
    for update in updates_in(scenario.module.text):
        if called.count(update.function) != 1 or not update.gradient.isidentifier():
            continue
        mine = [each for each in parameters if each.words and each.words[-1] in update.words and each.name not in found]
        sites = [
            each.number
            for each in scenario.module.sites
            if each.function == update.function and each.target == update.gradient and each.kind in ("assign", "after")
        ]
        if len(mine) == 1 and sites:
            found[mine[0].name] = Gradient("local", name=update.gradient, sites=tuple(sites))
    return found


def in_steps(scenario: Scenario, parameters: list[Parameter]) -> dict[str, Gradient]:
    """What backward itself takes from a parameter, divided by the rate where it can be computed."""
    called = {each.name: each for each in scenario.calls if each.backward}
    plain = [each for each in updates_in(scenario.module.text) if each.function in called and each.gradient]
    found = {}
    for each in parameters:
        steps = [
            update for update in plain if each.words and each.words[-1] in update.words and _is_only(update, scenario)
        ]
        if steps and _moved(scenario, each):
            rate = _rate(scenario, called[steps[0].function], steps[0])
            found[each.name] = Gradient("step", path=each.path, parameter=each, scale=1 / rate if rate else 0.0)
    return found


def common_rate(scenario: Scenario, parameters: list[Parameter], found: dict[str, Gradient]) -> dict[str, Gradient]:
    """Steps whose rate could not be computed: the one that makes most of them gradients, which all have in common."""
    unknown = {name: each for name, each in found.items() if each.source == "step" and not each.scale}
    rates = []
    for name in unknown:
        parameter = next(each for each in parameters if each.name == name)
        pair = [_quotient(scenario, parameter, unknown[name], which) for which in range(DIRECTIONS)]
        if np.isfinite(pair).all() and abs(pair[0] - pair[1]) <= _CLOSE * abs(pair[0]) and pair[0] > 0:
            rates.append(pair[0])
    best = max(rates, key=lambda one: sum(abs(one - each) <= _CLOSE * one for each in rates), default=0.0)
    kept = {name: each for name, each in found.items() if name not in unknown}
    return kept | {name: replace(each, scale=1 / best) for name, each in unknown.items() if best}


def _quotient(scenario: Scenario, parameter: Parameter, where: Gradient, which: int) -> float:
    """The step along a direction, divided by the derivative of the loss."""
    slope = slope_along(scenario, parameter, which)
    scenario.run()
    taken = parameter.value - at(scenario.state.roots[where.path[0]], where.path[1:])
    return float(np.sum(taken * direction(parameter.shape, which))) / slope if slope else float("nan")


def _rate(scenario: Scenario, call: Call, update: Update) -> float:
    """What the gradient is multiplied by in the step, from the arguments of the call; 0 if it needs more than those."""
    text = ast.unparse(update.value)
    if text.count(update.gradient) != 1:
        return 0.0
    known = {**scenario.module.namespace, **dict(zip(call.names, call.args, strict=False)), **call.keywords}
    try:
        return -update.sign * abs(float(eval(text.replace(update.gradient, "1.0"), known)))  # noqa: S307 - the user's own
    except Exception:  # a local variable, an array: the rate is not known
        return 0.0


def _is_only(update: Update, scenario: Scenario) -> bool:
    """Whether no other statement of the function assigns the same thing."""
    node = scenario.module.watched.functions.get(update.function)
    count = 0
    for each in ast.walk(node) if node is not None else ():
        targets = (
            each.targets if isinstance(each, ast.Assign) else [each.target] if isinstance(each, ast.AugAssign) else []
        )
        count += any(ast.unparse(target) == update.target for target in targets)
    return count == 1


def _moved(scenario: Scenario, parameter: Parameter) -> bool:
    """Whether the last run changed it."""
    try:
        now = at(scenario.state.roots[parameter.path[0]], parameter.path[1:])
    except (KeyError, AttributeError, IndexError, TypeError):
        return False
    return np.shape(now) == parameter.shape and not np.array_equal(np.asarray(now, dtype=np.float64), parameter.value)
