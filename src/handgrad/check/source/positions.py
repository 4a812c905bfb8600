"""Gradients by their place: in the order of what forward was given, or of the one input of a layer."""

import ast
from dataclasses import dataclass
from typing import Any

import numpy as np

from handgrad.check.source.callers import evidence
from handgrad.check.source.calls import Call
from handgrad.check.source.losses import is_target
from handgrad.check.source.results import names_returned
from handgrad.check.source.roles import bases, looks_backward
from handgrad.check.source.scenario import Gradient, Parameter, Scenario

Found = dict[str, Gradient]


@dataclass
class _Row:
    """What a call returns, and as many arrays that a call was given."""

    number: int  # of the call that returns
    parts: list[Any]
    given: list[Parameter]

    def owners(self, found: Found) -> list[int | None]:
        """For each part, the place of the parameter whose gradient it was found to be; None for one of none."""
        places = {each.name: place for place, each in enumerate(self.given)}
        owner: list[int | None] = [None] * len(self.parts)
        for name, where in found.items():
            if where.source == "result" and where.call == self.number and len(where.path) == 1 and name in places:
                step = where.path[0]
                if isinstance(step, int):
                    owner[step] = places[name]
        return owner


def by_position(scenario: Scenario, parameters: list[Parameter], results: list[Any], found: Found) -> Found:
    """Of gradients that stand in the order of the arrays that a call was given, those whose names tell nothing; and two
    that have changed places, where nobody takes them by name."""
    more: Found = {}
    for number, call in enumerate(scenario.calls):
        if not call.backward or not isinstance(results[number], list | tuple):
            continue
        row = _row(scenario, parameters, number, results[number])
        if row is None:
            continue
        owner = row.owners(found)
        moved = [place for place, mine in enumerate(owner) if mine not in (None, place)]
        if moved and not _exchanged(row, owner, moved, call, scenario):
            continue
        if not moved and not _in_order(row, owner):
            continue
        for place, each in enumerate(row.given):
            if (owner[place] is None or moved) and (moved or each.name not in found):
                more.setdefault(each.name, Gradient("result", number, (place,)))
    return more


def _row(scenario: Scenario, parameters: list[Parameter], number: int, result: Any) -> _Row | None:
    """The arrays that are returned and those that a call was given, if they are as many, of the same shapes but for
    one or two."""
    known = {id(each.thing): each for each in parameters if isinstance(each.thing, np.ndarray)}
    parts = list(result)
    odd = [each for each in parts if not _is_array(each)]
    if len(parts) < 2 or len(odd) > 1 or (odd and (len(parts) < 3 or odd[0] is None)):
        return None  # None may be meant: of an input that needs no gradient
    names = names_returned(scenario.module.node(scenario.calls[number].name))
    layer = any(path[0] == scenario.calls[number].root for path, _ in scenario.cotangents)
    if (
        not layer
        and len(names) == len(parts)
        and any(name and not bases(name) and name[0] not in "dgδ∂∇Δ" for name in names)
    ):
        return None  # something that is no gradient by its name
    for other in reversed(scenario.calls[: number + 1]):
        given = [
            known[id(each)]
            for place, each in enumerate(other.args)
            if id(each) in known and not is_target(str(other.argument(place)))
        ]
        if len(given) == len(parts):
            return _Row(number, parts, given)
    return None


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def _in_order(row: _Row, owner: list[int | None]) -> bool:
    """Whether the order of the two is the same: by names, or all shapes but one."""
    named = sum(mine is not None for mine in owner)
    alike = sum(_is_array(part) and mine.shape == part.shape for mine, part in zip(row.given, row.parts, strict=True))
    return alike == len(row.parts) or (alike == len(row.parts) - 1 and (named > 0 or alike > 1))


def _exchanged(row: _Row, owner: list[int | None], moved: list[int], call: Call, scenario: Scenario) -> bool:
    """Whether two parts stand in each other's place, and the others, one at least, in their own."""
    known = evidence(scenario.module, call)
    if any(known.names) or known.steps or len(row.parts) < 3:
        return False  # the caller takes them apart under names of its own
    others = [place for place, mine in enumerate(owner) if mine == place]
    places = {*moved, *(mine for each in moved if (mine := owner[each]) is not None)}
    if len(places) != 2 or not others:
        return False
    one, other = (row.given[each].shape for each in sorted(places))
    return len(row.parts) > 3 or one == other or places == {0, 1}  # of three, dx, db, dW may be an order of its own


def input_gradients(scenario: Scenario, parameters: list[Parameter], results: list[Any], found: Found) -> Found:
    """What a layer's ``backward(dy)`` returns is the gradient of what its forward was given; so is what has gone
    through the backward of every layer in a network's."""
    more: Found = {}
    taken = {(each.call, each.path) for each in found.values() if each.source == "result"}
    cotangents = {path[0] for path, _ in scenario.cotangents}
    for number, call in enumerate(scenario.calls):
        value = results[number]
        if not call.backward or call.owner is None or (number, ()) in taken or not isinstance(value, np.ndarray):
            continue
        node = scenario.module.node(call.name)
        if not _is_chain(node) and not (call.root in cotangents and _may_be_input(node)):
            continue
        forward = [each for each in scenario.calls[:number] if not each.backward and each.owner is call.owner]
        if len(forward) != 1:
            continue
        mine = _inputs(forward[0], parameters, value)
        if mine is not None and mine.name not in found:
            more[mine.name] = Gradient("result", number, ())
    return more


def _inputs(forward: Call, parameters: list[Parameter], value: Any) -> Parameter | None:
    """The one input of this shape, or of as many numbers where it is the only one."""
    given = [each for place, each in enumerate(forward.args) if place and not is_target(str(forward.argument(place)))]
    mine = {id(each) for each in given}
    inputs = [each for each in parameters if id(each.thing) in mine]
    fitting = [each for each in inputs if each.shape == value.shape]
    if not fitting and len(inputs) == 1 and sorted(inputs[0].shape) == sorted(value.shape):
        fitting = inputs
    return fitting[0] if len(fitting) == 1 else None


def _may_be_input(node: ast.FunctionDef | ast.Lambda | None) -> bool:
    names = names_returned(node)
    return not names or any(each.lower() in ("x", "input", "inputs", "in", "prev") for each in bases(names[0]))


def _is_chain(node: ast.FunctionDef | ast.Lambda | None) -> bool:
    """``for layer in layers: d = layer.backward(d)`` and ``return d``; ``return one.backward(other.backward(d))``."""
    returned: set[str] = set()
    chained: set[str] = set()
    for each in ast.walk(node) if node is not None else ():
        if isinstance(each, ast.Return) and each.value is not None:
            returned |= {name.id for name in ast.walk(each.value) if isinstance(name, ast.Name)}
            if any(_goes_back(call) and any(_goes_back(arg) for arg in call.args) for call in _calls(each.value)):
                return True
        if isinstance(each, ast.For):
            chained |= {name for statement in each.body for name in _handed_on(statement)}
    return bool(returned & chained)


def _calls(node: ast.expr) -> list[ast.Call]:
    return [each for each in ast.walk(node) if isinstance(each, ast.Call)]


def _goes_back(node: ast.expr) -> bool:
    """``layer.backward(...)``."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and looks_backward(node.func.attr)


def _handed_on(statement: ast.stmt) -> set[str]:
    """``d`` of ``d = layer.backward(d)``, also where something is done to it there."""
    if not isinstance(statement, ast.Assign):
        return set()
    calls = [each for each in _calls(statement.value) if _goes_back(each)]
    given = {arg.id for each in calls for arg in each.args if isinstance(arg, ast.Name)}
    target = statement.targets[0]
    return {target.id} & given if isinstance(target, ast.Name) else set()
