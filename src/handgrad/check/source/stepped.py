"""Which gradient a step of the file takes for which parameter, whatever it is called."""

from typing import Any

import numpy as np

from handgrad.check.source.callers import Step, evidence
from handgrad.check.source.candidates import Candidate
from handgrad.check.source.results import at
from handgrad.check.source.roles import bases
from handgrad.check.source.scenario import Gradient, Parameter, Scenario
from handgrad.check.source.state import Path
from handgrad.check.source.updates import updates_in


def by_callers(
    scenario: Scenario, parameters: list[Parameter], results: list[Any], *, empty: bool
) -> dict[str, Gradient]:
    """What the step takes for the gradient of a parameter, whatever it is called, and whether it is there or not; also
    where none is there at all if that may be so, ``empty``."""
    found: dict[str, Gradient] = {}
    for number, call in enumerate(scenario.calls):
        steps = evidence(scenario.module, call).steps if call.backward else []
        wanted = [(each, _mapped(parameters, each)) for each in steps]
        there = {
            name: path for _, mapped in wanted for name, path in mapped.items() if _is_number(results[number], path)
        }
        for step, mapped in wanted:
            for name, path in mapped.items():
                if name in there or (step.all and there) or empty:
                    found.setdefault(name, Gradient("result", number, path))
    return found


def by_steps(scenario: Scenario, parameters: list[Parameter], candidates: list[Candidate]) -> dict[str, Gradient]:
    """``self.gb1`` for ``self.bias1``, where the file says ``self.bias1 -= rate * self.gb1``."""
    found: dict[str, Gradient] = {}
    for update in updates_in(scenario.module.text):
        target, gradient = _last_word(update.target), _last_word(update.gradient)
        mine = [each for each in parameters if each.words and str(each.words[-1]) == target]
        theirs = [each for each in candidates if each.names and str(each.names[-1]) == gradient != target]
        if len(mine) == 1 and len(theirs) == 1 and mine[0].name not in found:
            found[mine[0].name] = theirs[0].gradient
    return found


def _last_word(text: str) -> str:
    """``bias1`` of ``self.bias1``; "" where there is an index."""
    word = text.rsplit(".", 1)[-1]
    return word if word.isidentifier() else ""


def by_receivers(
    scenario: Scenario, parameters: list[Parameter], results: list[Any], found: dict[str, Gradient]
) -> dict[str, Gradient]:
    """What the caller takes under the name of a gradient, ``dW, db = backward(...)``, and is neither array nor
    number."""
    more: dict[str, Gradient] = {}
    for number, call in enumerate(scenario.calls):
        names = evidence(scenario.module, call).names if call.backward and results[number] is not None else {}
        for path, name in names.items():
            if not path or _is_number(results[number], path) or _is_none(results[number], path):
                continue
            mine = [each for each in parameters if each.words and str(each.words[-1]) in bases(name)]
            if len(mine) == 1 and mine[0].name not in found:
                more[mine[0].name] = Gradient("result", number, path)
    return more


def _is_none(result: Any, path: Path) -> bool:
    """Whether there is nothing: also meant so, of an input that needs no gradient."""
    try:
        return at(result, path) is None
    except (KeyError, IndexError, AttributeError, TypeError):
        return True


def _mapped(parameters: list[Parameter], step: Step) -> dict[str, Path]:
    """Where a step takes the gradient of each parameter from."""
    return {each.name: (*step.path, *rest) for each in parameters if (rest := _below(each, step)) is not None}


def _below(parameter: Parameter, step: Step) -> Path | None:
    """The rest of the way to a parameter, from what a step names."""
    wanted = tuple(map(str, step.words))
    for words in (parameter.words, *sorted(parameter.aliases, key=str)):
        if tuple(map(str, words[: len(wanted)])) == wanted:
            return tuple(words[len(wanted) :])
    return None


def _is_number(result: Any, path: Path) -> bool:
    try:
        value = at(result, path)
    except (KeyError, IndexError, AttributeError, TypeError):
        return False
    return isinstance(value, np.ndarray | float | int | np.number)
