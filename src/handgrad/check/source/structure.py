"""Gradients without telling names: of the structure of an argument, or as many as there are parameters, in
their order."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from handgrad.check.source.calls import Call, name_at
from handgrad.check.source.candidates import Candidate, Fits
from handgrad.check.source.results import loss_names, names_returned
from handgrad.check.source.roles import is_loss_in_backward
from handgrad.check.source.scenario import Gradient, Parameter, Scenario, array_paths
from handgrad.check.source.state import Path
from handgrad.check.source.things import attributes, is_followed, is_holder, is_sequence, items_of
from handgrad.check.source.updates import updates_in

Found = dict[str, Gradient]
_DEEP = 4


def by_structure(scenario: Scenario, parameters: list[Parameter], results: list[Any], taken: set[str]) -> Found:
    """What a backward call returns, part by part, where an argument or an attribute is built in the same way."""
    found: Found = {}
    known = _by_place(parameters)
    for number, call in enumerate(scenario.calls):
        if not call.backward:
            continue
        for path, part in _built(results[number]):
            for thing in _given(call):
                pairs = list(_pairs(thing, part, path))
                fitting = [(known.get(place), where) for place, where in pairs]
                named = {each.name for each, _ in fitting if each is not None}
                if len(named) != len(pairs) or named & (taken | found.keys()):
                    continue
                found |= {each.name: Gradient("result", number, where) for each, where in fitting if each is not None}
                break
    return found


def _built(result: Any) -> Iterator[tuple[Path, Any]]:
    """The result as a whole if it is a container, and those of its parts that are."""
    if isinstance(result, dict) or is_sequence(result) or is_holder(result):
        yield (), result
        for step, each in items_of(result):
            if isinstance(each, dict) or is_sequence(each) or is_holder(each):
                yield (step,), each


def _given(call: Call) -> Iterator[Any]:
    """The containers that a call is given, or finds in what it is given."""
    linked = {path for path, _ in call.links}
    for place, each in enumerate(call.args):
        if ("args", place) not in linked:
            yield from _containers(each, 0)
    yield from _containers(call.keywords, 0)


def _containers(value: Any, depth: int) -> Iterator[Any]:
    if depth >= _DEEP:
        return
    inside = attributes(value) if is_followed(value) and not isinstance(value, dict) else value
    if isinstance(value, dict) or is_sequence(value) or is_followed(value):
        if not is_followed(value) or is_holder(value):
            yield value
        for _, each in items_of(inside) if not hasattr(inside, "thing") else inside.items():
            yield from _containers(each, depth + 1)


def _pairs(thing: Any, part: Any, path: Path) -> Iterator[tuple[Any, Path]]:
    """(place in the thing, path in the result) of each leaf; one of None where they are not built alike."""
    mine, theirs = dict(items_of(thing)), dict(items_of(part))
    if mine.keys() != theirs.keys() or not mine:
        yield (None, path)
        return
    for step, each in theirs.items():
        other = mine[step]
        if _is_array(each) and _is_array(other):
            yield (id(other) if each.shape == other.shape else None, (*path, step))
        elif isinstance(each, float | np.floating) and isinstance(other, float | int | np.floating):
            yield ((id(thing), step), (*path, step))
        elif _is_container(each) and _is_container(other):
            yield from _pairs(other, each, (*path, step))
        else:
            yield (None, path)


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype != object


def _is_container(value: Any) -> bool:
    return isinstance(value, dict) or is_sequence(value) or is_holder(value)


def _by_place(parameters: list[Parameter]) -> dict[Any, Parameter]:
    """Arrays by identity, numbers by the place that holds them."""
    found: dict[Any, Parameter] = {}
    for each in parameters:
        if isinstance(each.thing, np.ndarray):
            found[id(each.thing)] = each
        else:
            found |= {(id(container), key): each for container, key in [(each.container, each.key), *each.twins]}
    return found


def by_order(scenario: Scenario, parameters: list[Parameter], candidates: list[Candidate], fits: Fits) -> Found:
    """As many gradients as parameters in a row, of their shapes, in their order; or each the only one of its shape."""
    certain = [each for each in candidates if each.certain and not _is_loss(scenario, each)]
    known = {each.words[-1] for each in parameters if each.words and isinstance(each.words[-1], str)}
    if certain and all(each.names and each.names[-1] in known for each in certain):
        return {}  # new values of the parameters, not their gradients
    rows = _rows(scenario.calls, parameters, [each.shape for each in certain]) if certain else []
    if len(rows) > 1:
        rows.sort(key=lambda row: -sum(fits(mine, each.value) for mine, each in zip(row, certain, strict=True)))
    if rows:
        return {mine.name: each.gradient for mine, each in zip(rows[0], certain, strict=True)}
    found: Found = {}
    for candidate in certain:
        fitting = [each for each in parameters if each.shape == candidate.shape and each.shape]
        if len(fitting) == 1 and fitting[0].name not in found:
            found[fitting[0].name] = candidate.gradient
    return found


def _is_loss(scenario: Scenario, candidate: Candidate) -> bool:
    """Whether a number that backward returns goes by the name of a loss."""
    node = scenario.module.node(scenario.calls[candidate.gradient.call].name)
    return not candidate.shape and is_loss_in_backward(name_at(candidate.gradient.path, loss_names(node)))


def _rows(calls: list[Call], parameters: list[Parameter], wanted: list[tuple[int, ...]]) -> list[list[Parameter]]:
    """Parameters that stand in a row and have these shapes: among the arguments of backward itself, if it has any."""
    groups: dict[Any, list[Parameter]] = {}
    for each in parameters:
        groups.setdefault(each.path[:3] if len(each.path) > 3 else each.path[0], []).append(each)
    own = [_arguments(call, parameters) for call in calls if call.backward]
    for chosen in (own, list(groups.values())):
        found = []
        for group in chosen:
            shapes = [each.shape for each in group]
            alone = len(wanted) == 1 and shapes.count(wanted[0]) == 1 and (chosen is own or len(shapes) == 1)
            for start in range(len(shapes) - len(wanted) + 1):
                if shapes[start : start + len(wanted)] == wanted and (len(wanted) > 1 or alone):
                    found.append(group[start : start + len(wanted)])
        if found:
            return found
    return []


def _arguments(call: Call, parameters: list[Parameter]) -> list[Parameter]:
    known = {id(each.thing): each for each in parameters if isinstance(each.thing, np.ndarray)}
    numbers = {each.words[-1]: each for each in parameters if each.path[0] == call.root and not each.shape}
    given = [known.get(id(value)) or numbers.get(call.argument(place)) for place, value in enumerate(call.args)]
    return [each for each in given if each is not None]


def leftovers(scenario: Scenario, parameters: list[Parameter], found: Found, results: list[Any], fits: Fits) -> Found:
    """Beside gradients with names, one without: of the only argument of its shape that has no gradient yet, if the file
    takes steps with that argument, or the numbers agree: what is returned may be something else."""
    more: Found = {}
    updated = {word for each in updates_in(scenario.module.text) for word in each.words}
    for number, call in enumerate(scenario.calls):
        if not call.backward:
            continue
        names = names_returned(scenario.module.node(call.name))
        taken = {(each.call, each.path) for each in found.values() if each.source == "result"}
        if not any(where == number for where, _ in taken):
            continue
        for path, value in array_paths(results[number], depth=1):
            unnamed = not path or (isinstance(path[0], int) and path[0] < len(names) and not names[path[0]])
            if not unnamed or (number, path) in taken or not np.shape(value):
                continue
            mine = {id(each) for each in call.args}
            fitting = [each for each in parameters if id(each.thing) in mine and each.shape == np.shape(value)]
            fitting = [each for each in fitting if each.name not in found]
            if len(fitting) == 1 and (fitting[0].words[-1] in updated or fits(fitting[0], value)):
                more[fitting[0].name] = Gradient("result", number, path)
    return more
