"""The loss of a file that has none: a usual one, if the gradients agree with it."""

import types
from collections.abc import Callable
from typing import Any

import numpy as np

from handgrad.check.source.calls import Call
from handgrad.check.source.losses import is_target
from handgrad.check.source.results import at
from handgrad.check.source.roles import looks_forward
from handgrad.check.source.scenario import Choice, Scenario, array_paths
from handgrad.errors import InputError

_EPS = 1e-300
_MOST = 3  # pairs of output and target that are tried


def _losses() -> dict[str, Callable[[Any, Any], float]]:
    return {
        "half the squared error, summed": lambda y, t: float(0.5 * np.sum((y - t) ** 2)),
        "the squared error, summed": lambda y, t: float(np.sum((y - t) ** 2)),
        "the cross-entropy, summed": lambda y, t: float(-np.sum(t * np.log(y + _EPS))),
        "the binary cross-entropy, summed": lambda y, t: float(
            -np.sum(t * np.log(y + _EPS) + (1 - t) * np.log(1 - y + _EPS))
        ),
    }


def guesses(scenario: Scenario, results: list[Any], *, needed: bool = True) -> list[Choice]:
    """Usual losses of an output and its target. Raises InputError if there are none, and one is ``needed``."""
    pairs = _pairs(scenario, results) or (_uncalled(scenario) if needed else [])
    if not pairs and needed:
        raise InputError(
            f"{scenario.module.name} has no function that returns the loss as one number, expected one beside the "
            "backward pass; add it, or name it by --loss NAME"
        )
    found = []
    for name, loss in _losses().items():
        for number, path, target in pairs[:_MOST]:
            shape = np.shape(target)
            scales = {"": 1.0}
            for axis, size in enumerate(shape):
                scales[f", divided by {size} (axis {axis})"] = 1.0 / size
            scales[f", divided by {int(np.prod(shape))} (all entries)"] = 1.0 / max(1, int(np.prod(shape)))
            for words, scale in scales.items():

                def of(results: list[Any], number=number, path=path, target=target, loss=loss, scale=scale) -> float:  # type: ignore[no-untyped-def]
                    return float(scale * loss(np.asarray(at(results[number], path)), target))

                found.append(Choice(f"{name}{words}", of, number + 1, returned=False))
    return found


def _pairs(scenario: Scenario, results: list[Any]) -> list[tuple[int, Any, Any]]:
    """Outputs of forward and the arguments of backward, of their shape, that can be targets."""
    found = []
    for number, call in enumerate(scenario.calls):
        if call.backward:
            continue
        for path, value in array_paths(results[number], depth=2):
            if isinstance(value, np.ndarray) and path in ((), (0,)):
                found += [(number, path, each) for each in _targets(scenario, value.shape)]
    return found


def _targets(scenario: Scenario, shape: tuple[int, ...]) -> list[Any]:
    found = []
    for call in scenario.calls:
        linked = {place for place, _ in call.links}
        for place, each in enumerate(call.args) if call.backward else ():
            if ("args", place) not in linked and isinstance(each, np.ndarray) and each.shape == shape:
                found.append((not is_target(str(call.argument(place))), place, each))
    found.sort(key=lambda each: each[:2])
    return [each for _, _, each in found]


def _uncalled(scenario: Scenario) -> list[tuple[int, Any, Any]]:
    """The output of a forward function that was not called, with the input that backward was given."""
    number, backward = next((n, each) for n, each in enumerate(scenario.calls) if each.backward)
    owner = backward.owner
    for name in dict.fromkeys(scenario.module.codes.values()):
        inside = "." in name and owner is not None and name.rsplit(".", 1)[0] == backward.name.rsplit(".", 1)[0]
        if not (inside or "." not in name) or not looks_forward(name) or not scenario.module.has(name):
            continue
        function = scenario.module.function(name)
        places = [place for place, each in enumerate(backward.args) if isinstance(each, np.ndarray)]
        for place in places:
            args = [owner, backward.args[place]] if inside else [backward.args[place]]
            if function.__code__.co_argcount != len(args):
                continue
            value = _tried(function, args)
            targets = _targets(scenario, np.shape(value)) if value is not None else []
            targets = [each for each in targets if each is not backward.args[place]]
            if targets:
                _inserted(scenario, number, name, args)
                return [(number, (), each) for each in targets]
    return []


def _tried(function: types.FunctionType, args: list[Any]) -> Any:
    try:
        value = function(*args)
    except Exception:  # a function that cannot be called so is not the forward pass
        return None
    return value if isinstance(value, np.ndarray) and value.ndim else None


def _inserted(scenario: Scenario, number: int, name: str, args: list[Any]) -> None:
    """The call, before the backward pass."""
    names = scenario.module.function(name).__code__.co_varnames[: len(args)]
    call = Call(name, f"call{len(scenario.calls)}", list(args), names=names)
    for each in scenario.calls[number:]:
        for _, link in each.links:
            link.call += link.call >= number
    scenario.calls.insert(number, call)
    scenario.state.add(call.root, {"args": call.args, "keywords": call.keywords})
