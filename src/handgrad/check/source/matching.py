"""Which gradient belongs to which parameter, by their names."""

from typing import Any

import numpy as np

from handgrad.check.source.candidates import Candidate
from handgrad.check.source.roles import GRADIENTS, VALUES, bases, is_container_of_gradients, plain
from handgrad.check.source.scenario import Gradient, Parameter, Scenario
from handgrad.check.source.state import _leaves

_SECOND_NAME = 1.5  # what a name counts less that a value has beside another one


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
                - (_SECOND_NAME if theirs is not candidate.names else 0.0)
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
