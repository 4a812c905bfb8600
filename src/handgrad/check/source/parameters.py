"""Every array and number that may be a parameter, and the names under which it is known."""

import ast
from typing import Any

import numpy as np

from handgrad.check.source.calls import Call
from handgrad.check.source.scenario import Gradient, Parameter, Scenario
from handgrad.check.source.state import Path, _leaves


def parameters_in(scenario: Scenario) -> list[Parameter]:
    """Every array of real numbers, and every number, that the calls are given or can reach."""
    linked = {(call.root, *path) for call in scenario.calls for path, _ in call.links}
    aliases = _aliases(scenario)
    found: list[Parameter] = []
    names: set[str] = set()
    for path, value, container, key in scenario.state.leaves():
        is_array = isinstance(value, np.ndarray)
        if any(path[: len(each)] == each for each in linked) or not _may_be_one(path, value, container, is_array):
            continue
        words = words_of(scenario, path)
        number = np.array(value, dtype=np.float64)
        if not is_array:
            twin = next((each for each in found if each.words == words and not each.shape and each.array is None), None)
            if twin is not None:  # a number is handed on by value: one parameter in several places
                twin.twins.append((container, key))
                continue
        name = ".".join(map(str, words))
        while name in names:
            name += "'"
        names.add(name)
        array = value if is_array and value.dtype == np.float64 else None
        parameter = Parameter(words, name, path, container, key, array, number.shape, number, thing=value)
        parameter.aliases = aliases.get(id(value) if is_array else (id(container), key), set()) - {words}
        found.append(parameter)
    return found


def _may_be_one(path: Path, value: Any, container: Any, is_array: bool) -> bool:
    if is_array:
        return value.dtype.kind in "fiu" and (value.flags.writeable or not isinstance(container, tuple))
    return not (isinstance(container, tuple) or path[0].startswith("locals") or _is_count(path, value))


def _is_count(path: Path, value: Any) -> bool:
    """A module-level integer: sizes and settings."""
    return isinstance(value, int) and path[0] == "globals"


def _aliases(scenario: Scenario) -> dict[Any, set[tuple[Any, ...]]]:
    """All names that lead to an array, or to a place of a number, from the arguments of each call and the variables."""
    found: dict[Any, set[tuple[Any, ...]]] = {}
    for name, root in scenario.state.roots.items():
        for key, part in list(root.items()):
            for path, value, container, step in _leaves((name, key), part, root, set()):
                if len(path) > 2 or name == "globals" or name.startswith("locals"):
                    mark = id(value) if isinstance(value, np.ndarray) else (id(container), step)
                    found.setdefault(mark, set()).update((words_of(scenario, path), *callers_words(scenario, path)))
    for call in scenario.calls:
        for value, names in zip(call.args, _unpacked(scenario, call), strict=True):
            for each, name in zip(value, names, strict=False) if isinstance(value, list | tuple) else ():
                found.setdefault(id(each), set()).add((name,))
    return found


def _unpacked(scenario: Scenario, call: Call) -> list[list[str]]:
    """For each argument, the names of its parts in ``W1, b1, W2, b2 = params``."""
    node = scenario.module.node(call.name)
    names: dict[str, list[str]] = {}
    for each in ast.walk(node) if node is not None else ():
        if isinstance(each, ast.Assign) and isinstance(each.value, ast.Name) and isinstance(each.targets[0], ast.Tuple):
            parts = each.targets[0].elts
            if all(isinstance(part, ast.Name) for part in parts):
                names.setdefault(each.value.id, [part.id for part in parts if isinstance(part, ast.Name)])
    return [names.get(str(call.argument(place)), []) for place in range(len(call.args))]


def callers_words(scenario: Scenario, path: Path) -> list[tuple[Any, ...]]:
    """The names on a path as the caller knows them."""
    call = next((each for each in scenario.calls if each.root == path[0]), None)
    name = call.known_as.get(path[2]) if call is not None and len(path) > 2 else None
    return [(name, *path[3:])] if name is not None else []


def words_of(scenario: Scenario, path: Path) -> tuple[Any, ...]:
    """The names on a path, without what is our own: which call, args or keywords."""
    call = next((each for each in scenario.calls if each.root == path[0]), None)
    if call is None:
        return path[1:]
    if path[1] == "keywords":
        return path[2:]
    place = path[2]
    if place >= len(call.names) and call.extra:
        return (call.extra, place - len(call.names), *path[3:])
    return (call.argument(place), *path[3:])


def rename(parameters: list[Parameter], gradients: dict[str, Gradient]) -> dict[str, Gradient]:
    """Names as the reader knows them: ``W1`` for ``params["W1"]`` and ``self.W1``, ``layers[0].W`` for a list."""
    taken = [each.words for each in parameters]
    for each in parameters:
        others = sorted(each.aliases - set(taken), key=lambda words: (len(words), str(words)))
        if taken.count(each.words) > 1 and others:  # two objects' W, both called self.W
            each.words = others[0]
    for start in range(-1, -8, -1):
        names = [_short(each.words, start) for each in parameters]
        if len(set(names)) == len(names):
            break
    else:
        names = [each.name for each in parameters]
    renamed = {}
    for each, name in zip(parameters, names, strict=True):
        renamed[name] = gradients[each.name]
        each.name = name
    return renamed


def _short(words: tuple[Any, ...], start: int) -> str:
    texts = [place for place, each in enumerate(words) if not isinstance(each, int)]
    first = texts[max(start, -len(texts))] if texts else 0
    name = ""
    for each in words[first:]:
        index = f"[{each}]" if isinstance(each, int) else str(list(each)) if isinstance(each, tuple) else ""
        name += index or (f".{each}" if name else str(each))
    return name
