"""Parameters that the file trains, and of which no gradient was found."""

import ast

import numpy as np

from handgrad.check.source.callers import words_in
from handgrad.check.source.missing import matters
from handgrad.check.source.parameters import parameters_in
from handgrad.check.source.scenario import Parameter, Scenario
from handgrad.check.source.updates import Update, updates_in


def unchecked(scenario: Scenario, text: str) -> list[str]:
    """A note for each parameter that a step of the file changes, on which the loss depends, and which has no gradient.

    What the loss does not depend on is no parameter: a momentum, a counter, a running mean that is only kept.
    """
    steps = [each for each in updates_in(text) if _is_step(each)]
    if not steps:
        return []
    point = scenario.point
    scenario.state.restore()
    known = {id(each.thing) for each in scenario.parameters} | {id(each.array) for each in scenario.parameters}
    every = parameters_in(scenario)
    names = {each.words[-1] for each in scenario.parameters if each.words}
    found: dict[str, str] = {}
    for step in steps:
        mine = [each for each in every if _is_target(step, each)]
        if len(mine) != 1 or id(mine[0].thing) in known or mine[0].words[-1] in names or step.target in found:
            continue
        if matters(scenario, every, mine[0].name):
            where = f"{step.target} is changed by the step in line {step.line}"
            found[step.target] = f"{where}, but no gradient of it was found: not checked"
    scenario.point = point
    return list(found.values())


def _is_step(update: Update) -> bool:
    """A rate times something that does not come from the parameter itself, as its decay or its mean does."""
    read = {ast.unparse(each) for each in ast.walk(update.value) if isinstance(each, ast.expr)}
    return update.has_rate and update.target not in read


def _is_target(step: Update, parameter: Parameter) -> bool:
    words = words_in(step.target)
    return (
        words is not None
        and isinstance(parameter.thing, np.ndarray)
        and any(each and each[-1] == words[-1] for each in (parameter.words, *parameter.aliases))
    )
