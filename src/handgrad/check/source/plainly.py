"""Wrong gradients that need no search: what is returned for a parameter is nothing, or the parameter itself."""

import ast
from typing import Any

import numpy as np

from handgrad.check.result import Finding
from handgrad.check.source.calls import Call
from handgrad.check.source.scenario import Gradient, Parameter, Scenario, TimeUp


def plain_findings(scenario: Scenario, text: str, name: str, wrong: list[str]) -> tuple[Finding, ...]:
    """What can be said of these parameters by looking at what was returned."""
    try:
        outcome = scenario.outcome()
    except (Exception, TimeUp):  # the user's code may fail here
        return ()
    groups: dict[tuple[int, str, str], list[str]] = {}
    for each in wrong:
        where = scenario.gradients[each]
        seen = _seen(scenario, each, where, outcome.gradients.get(each))
        if seen is not None:
            groups.setdefault(seen, []).append(each)
    lines = text.splitlines()
    found = []
    for (line, fault, words), names in groups.items():
        source = lines[line - 1].strip() if 0 < line <= len(lines) else ""
        shown = _listed(names)
        found.append(
            Finding(fault, words.format(shown), tuple(names), file=name, line=line if source else None, source=source)
        )
    return tuple(found)


def _seen(scenario: Scenario, name: str, where: Gradient, given: Any) -> tuple[int, str, str] | None:
    """(line, class of fault, sentence with a place for the names)"""
    call = _call_of(scenario, where)
    node = scenario.module.node(call.name)
    if node is None or isinstance(node, ast.Lambda):
        return None
    short = call.name.rpartition(".")[2]
    if given is None:
        words = f"`{short}` gives no gradient for {{}}, although the loss depends on that: it is left out here."
        return _where_left_out(scenario, node, where, name), "never-written", words
    if where.source != "result":
        return None
    returned = _return_line(node)
    if where.counts is not None and np.ndim(given) and not np.isfinite(given).any():
        words = (
            "The list that is returned here for {} has more or fewer numbers than the parameter: a list times 2 is the "
            "list twice, and a sum of two lists is one after the other."
        )
        return returned, "other", words
    parameter = next(each for each in scenario.parameters if each.name == name)
    if _is_exchanged(scenario, name, where, given):
        return returned, "wrong-variable", "What is returned here for {} has changed places with another gradient."
    if _is_the_parameter(scenario, parameter, given):
        return returned, "wrong-variable", "What is returned here for {} is the parameter itself, not its gradient."
    return None


def left_out(scenario: Scenario, name: str) -> int:
    """The line that leaves the gradient of a parameter out; 0 if it is not known."""
    where = scenario.gradients[name]
    node = scenario.module.node(_call_of(scenario, where).name)
    return _where_left_out(scenario, node, where, name) if isinstance(node, ast.FunctionDef) else 0


def _listed(names: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    quoted = [f"`{each}`" for each in names]
    return " and ".join([*([", ".join(quoted[:-1])] if quoted[1:] else []), quoted[-1]])


def is_plain(scenario: Scenario, name: str, given: Any) -> bool:
    """Whether what is wrong with this gradient can be seen without a search."""
    return _seen(scenario, name, scenario.gradients[name], given) is not None


def _call_of(scenario: Scenario, where: Gradient) -> Call:
    """The backward call that gives this gradient, or should."""
    if where.source == "result":
        return scenario.calls[where.call]
    return next(each for each in scenario.calls if each.backward)


def _is_the_parameter(scenario: Scenario, parameter: Parameter, given: Any) -> bool:
    value: Any = scenario.point.get(parameter.name, parameter.value)
    return np.shape(given) == np.shape(value) and bool(np.any(value)) and np.array_equal(given, value)


def _is_exchanged(scenario: Scenario, name: str, where: Gradient, given: Any) -> bool:
    """Whether two parts of a result have each other's shapes."""
    shapes = {each.name: each.shape for each in scenario.parameters}
    if np.shape(given) == shapes[name]:
        return False
    gradients = scenario.outcome().gradients
    others = [each for each, other in scenario.gradients.items() if other.source == "result" and each != name]
    return any(
        gradients[each] is not None
        and scenario.gradients[each].call == where.call
        and shapes[each] == np.shape(given)
        and np.shape(gradients[each]) == shapes[name]
        for each in others
    )


def _return_line(node: ast.FunctionDef) -> int:
    lines = [each.lineno for each in ast.walk(node) if isinstance(each, ast.Return)]
    return max(lines, default=node.lineno)


def _where_left_out(scenario: Scenario, node: ast.FunctionDef, where: Gradient, name: str) -> int:
    """The line that leaves a gradient out: beside the ones of other keys, the loop that goes over them, the return."""
    idle = _idle_line(scenario)
    if idle:
        return idle
    key = where.path[-1] if where.path else None
    beside = _beside_other_keys(scenario, node, name) if isinstance(key, str) else 0
    if beside:
        return beside
    returns = [each for each in ast.walk(node) if isinstance(each, ast.Return) and each.value is not None]
    if returns and any(isinstance(each, _GOING_OVER) for each in ast.walk(returns[-1])):
        return returns[-1].lineno
    names = {each.id for part in returns for each in ast.walk(part) if isinstance(each, ast.Name)}
    loops = [each.lineno for each in ast.walk(node) if isinstance(each, ast.For) and _fills(each, names)]
    made = [each.lineno for each in ast.walk(node) if isinstance(each, ast.Assign) and _makes(each, names)]
    return next(iter([*loops, *made]), _return_line(node))


_GOING_OVER = (ast.ListComp, ast.DictComp, ast.GeneratorExp, ast.Slice)


def _idle_line(scenario: Scenario) -> int:
    """A loop or a branch of a function of the file that does nothing at all."""
    for node in scenario.module.watched.functions.values():
        for each in ast.walk(node):
            body = each.body if isinstance(each, ast.For | ast.While) else []
            if len(body) == 1 and isinstance(body[0], ast.Pass):
                return body[0].lineno
    return 0


def _beside_other_keys(scenario: Scenario, node: ast.FunctionDef, name: str) -> int:
    """The line that writes the gradient of the parameter before this one, in the order of their dict; of the one after
    it where there is none."""
    lines: dict[str, int] = {}
    for each in ast.walk(node):
        if isinstance(each, ast.Assign | ast.AugAssign):
            for target in each.targets if isinstance(each, ast.Assign) else [each.target]:
                if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
                    lines[str(target.slice.value)] = each.end_lineno or each.lineno
    mine = next(one for one in scenario.parameters if one.name == name)
    keys = {}
    for one in scenario.parameters:
        path = scenario.gradients[one.name].path
        if one.container is mine.container and path:
            keys[one.name] = str(path[-1])
    order = list(keys)
    before = order[: order.index(name)][::-1] if name in order else []
    after = order[order.index(name) + 1 :] if name in order else []
    return next((lines[keys[one]] for one in [*before, *after] if keys[one] in lines), 0)


def _fills(loop: ast.For, names: set[str]) -> bool:
    """Whether a loop puts things into what is returned."""
    for each in ast.walk(loop):
        owner = each.func.value if isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute) else None
        target = each.value if isinstance(each, ast.Subscript) and isinstance(each.ctx, ast.Store) else owner
        if isinstance(target, ast.Name) and target.id in names:
            return True
    return False


def _makes(statement: ast.Assign, names: set[str]) -> bool:
    """Whether a comprehension, or a part of a list, is given one of these names."""
    named = any(isinstance(each, ast.Name) and each.id in names for each in statement.targets)
    return named and any(isinstance(each, _GOING_OVER) for each in ast.walk(statement.value))
