"""Which gradient belongs to which parameter: by key, by name, by structure, by place."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from handgrad.check.source.capture import Call
from handgrad.check.source.results import names_returned, received, words_at
from handgrad.check.source.roles import GRADIENTS, VALUES, bases, is_container_of_gradients, plain
from handgrad.check.source.scenario import Gradient, Parameter, Scenario, array_paths
from handgrad.check.source.state import Path, _leaves

Fits = Callable[[Parameter, Any], bool]  # whether a value is the gradient of a parameter, by the numbers


@dataclass
class Candidate:
    """A value after a run that may be a gradient."""

    gradient: Gradient
    names: tuple[Any, ...]  # keys, attributes and indices on the way to it
    shape: tuple[int, ...]
    certain: bool  # returned by backward, not only left behind by it
    value: Any = None
    aliases: tuple[tuple[Any, ...], ...] = ()  # other names on the way to it


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
        words = _words(scenario, path)
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
                    found.setdefault(mark, set()).update((_words(scenario, path), *_callers_words(scenario, path)))
    return found


def _callers_words(scenario: Scenario, path: Path) -> list[tuple[Any, ...]]:
    """The names on a path as the caller knows them."""
    call = next((each for each in scenario.calls if each.root == path[0]), None)
    name = call.known_as.get(path[2]) if call is not None and len(path) > 2 else None
    return [(name, *path[3:])] if name is not None else []


def _words(scenario: Scenario, path: Path) -> tuple[Any, ...]:
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


def candidates_in(scenario: Scenario, results: list[Any], before: dict[Path, Any]) -> list[Candidate]:
    """Values that the backward calls returned, or wrote into objects, dicts and arrays that they were given."""
    found = []
    for number, call in enumerate(scenario.calls):
        if call.backward:
            found += _returned(scenario, call, number, results[number])
    for path, value, _, _ in scenario.state.leaves():
        old = before.get(path)
        if old is None or not _same(old, value):
            words, others = _words(scenario, path), tuple(_callers_words(scenario, path))
            found.append(Candidate(Gradient("state", 0, path), words, np.shape(value), False, value, others))
    return found


def _returned(scenario: Scenario, call: Call, number: int, result: Any) -> list[Candidate]:
    node = scenario.module.node(call.name)
    names = names_returned(node)
    taken = received(scenario.module.text, call.name, len(result)) if isinstance(result, tuple) else []
    known = {str(_words(scenario, path)[-1]) for path, _, _, _ in scenario.state.leaves() if _words(scenario, path)}
    found = []
    for path, value in array_paths(result):
        words, others = words_at(node, path)
        if taken and len(path) == 1 and isinstance(path[0], int) and bases(taken[path[0]]) & known:
            words, others = (taken[path[0]],), ()  # what counts is under which name it arrives
        if path and words == path and hasattr(result, "_fields") and path[0] in result._fields[: len(names)]:
            words, others = (names[result._fields.index(path[0])] or path[0], *path[1:]), path
        elif not path and not words:
            words = (call.name.rsplit(".", 1)[-1],)
        aliases = (others,) if others else ()
        found.append(Candidate(Gradient("result", number, path), words, np.shape(value), True, value, aliases))
    return found


def _same(old: Any, value: Any) -> bool:
    old, value = np.asarray(old), np.asarray(value)
    return old.shape == value.shape and np.array_equal(old, value, equal_nan=value.dtype.kind == "f")


def by_names(scenario: Scenario, parameters: list[Parameter], candidates: list[Candidate]) -> dict[str, Gradient]:
    """The gradient of each parameter whose name tells it."""
    reach = _Reach(scenario)
    scores = []
    for which, parameter in enumerate(parameters):
        for number, candidate in enumerate(candidates):
            if candidate.gradient.source == "state" and candidate.gradient.path == parameter.path:
                continue
            if not reach.related(parameter, candidate):
                continue
            score = max(
                _score(tuple(map(str, mine)), parameter.shape, tuple(map(str, theirs)), candidate)
                for mine in (parameter.words, *parameter.aliases)
                for theirs in (candidate.names, *candidate.aliases)
            )
            if score > 0:
                scores.append((score, which, number))
    scores.sort(key=lambda each: (-each[0], each[1], each[2]))
    found: dict[str, Gradient] = {}
    taken: set[int] = set()
    for _, which, number in scores:
        name = parameters[which].name
        if name not in found and number not in taken:
            found[name] = candidates[number].gradient
            taken.add(number)
    return found


class _Reach:
    """Which calls can reach which parameter through their arguments."""

    def __init__(self, scenario: Scenario) -> None:
        self.calls = scenario.calls
        self.within: dict[Any, set[int]] = {}
        for number, call in enumerate(scenario.calls):
            seen: set[int] = set()
            for part in [*call.args, *call.keywords.values()]:
                for _, value, container, step in _leaves((call.root,), part, call.args, seen):
                    mark = id(value) if isinstance(value, np.ndarray) else (id(container), step)
                    self.within.setdefault(mark, set()).add(number)

    def related(self, parameter: Parameter, candidate: Candidate) -> bool:
        """A method returns gradients of what its object is given or holds, not of another object's."""
        owner = self.calls[candidate.gradient.call].owner
        if candidate.gradient.source != "result" or owner is None:
            return True
        thing = parameter.thing
        mark = id(thing) if isinstance(thing, np.ndarray) else (id(parameter.container), parameter.key)
        near = self.within.get(mark, set())
        return not near or any(self.calls[number].owner is owner for number in near)


def _score(ours: tuple[str, ...], shape: tuple[int, ...], theirs: tuple[str, ...], candidate: Candidate) -> float:
    ours_words = [each for each in ours if not each.isdigit()]
    their_words = [each for each in theirs if not each.isdigit()]
    if [each for each in ours if each.isdigit()] != [each for each in theirs if each.isdigit()]:
        return 0.0
    if not ours_words or not their_words:
        return 0.0
    score = _name_score(ours_words, their_words, shape == candidate.shape, candidate)
    if not score:
        return 0.0
    shared = len(set(ours_words[:-1]) & set(their_words[:-1]))
    score += 0.2 * shared + (0.1 if candidate.certain else 0.0)
    if shape == candidate.shape:
        score += 1.0
    elif np.prod(shape) == np.prod(candidate.shape):
        score += 0.5
    return score - 0.01 * len(ours)


def _name_score(ours: list[str], theirs: list[str], same_shape: bool, candidate: Candidate) -> float:
    last, their_last = ours[-1], theirs[-1]
    known = bases(their_last)
    within_gradients = any(is_container_of_gradients(each) for each in theirs[:-1])
    if last in known:
        return 6.0
    if ours[:-1] and ours[:-1] == theirs[:-1] and last.lower() in VALUES and their_last.lower() in GRADIENTS:
        return 5.8  # W.value and W.grad
    if their_last == last and (_is_keyed(candidate) or within_gradients):
        return 5.5
    if not same_shape:
        return 0.0
    if plain(last) in {plain(each) for each in known}:
        return 5.0
    if plain(their_last) == plain(last) and (_is_keyed(candidate) or within_gradients):
        return 4.5
    if any(_is_short_for(each, last) for each in known):
        return 3.0 if candidate.shape else 0.0
    return 0.0


def _is_short_for(name: str, word: str) -> bool:
    """``w`` for weights, ``weight`` for weights, ``b`` for biases."""
    short, long = plain(name), plain(word)
    return len(long) > len(short) >= 1 and long.startswith(short) and long[len(short) :].isalpha()


def _is_keyed(candidate: Candidate) -> bool:
    return candidate.certain and any(isinstance(each, str) for each in candidate.gradient.path)


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
