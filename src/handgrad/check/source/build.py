"""From a user's file to a scenario: the calls, the loss, the parameters and their gradients."""

import time
from typing import Any

import numpy as np

from handgrad.check.source.arrange import complete, loss_first, shorten, unwrap, withdraw
from handgrad.check.source.bind import make_calls, with_backward
from handgrad.check.source.candidates import candidates_in, untouched
from handgrad.check.source.capture import Capture
from handgrad.check.source.finite import is_finite, not_finite
from handgrad.check.source.judge import direction
from handgrad.check.source.lengths import with_lengths
from handgrad.check.source.losses import find_loss, in_one_call
from handgrad.check.source.matching import by_names
from handgrad.check.source.missing import matters, slope_along, without_gradient
from handgrad.check.source.module import UserModule
from handgrad.check.source.parameters import parameters_in, rename
from handgrad.check.source.positions import by_position, input_gradients
from handgrad.check.source.quiet import Asked
from handgrad.check.source.redrawn import redraws
from handgrad.check.source.results import at
from handgrad.check.source.roles import Roles
from handgrad.check.source.scenario import Gradient, Parameter, Scenario
from handgrad.check.source.stepped import by_callers, by_receivers, by_steps
from handgrad.check.source.structure import by_order, leftovers
from handgrad.check.source.structure import by_structure as of_same_structure
from handgrad.check.source.training import training_in
from handgrad.check.source.unnamed import by_structure
from handgrad.check.source.unreturned import common_rate, in_locals, in_steps, in_updates
from handgrad.errors import InputError

_SECONDS = 60.0  # as a time limit
_CAPTURE_SHARE = 3  # of the time limit, one in so many for the first run: the check needs many more
_CLOSE = 1e-4  # relative, of a derivative by two differences and what it may be


def build(text: str, name: str, roles: Roles, time_limit: float = _SECONDS) -> Scenario:
    """Run the file, find what to check, and return it ready to be run again. ``time_limit``: seconds for the whole
    check, of which this may take a part.

    Raises InputError in a sentence, and what the file itself raises.
    """
    roles = with_backward(text, name, roles)
    capture, error = _captured(text, name, roles, time_limit)
    _stand_still(capture, error, time_limit)
    if not any(each.backward for each in capture.calls) and not roles.told:
        name_found = by_structure(capture.module)
        if name_found is not None:
            capture, error = _captured(text, name, roles._replace(gradients=name_found), time_limit)
            _stand_still(capture, error, time_limit)
    if not any(each.backward for each in capture.calls):
        _from_data(capture)
    shorten(capture)
    complete(capture)
    loss_first(capture)
    unwrap(capture)
    scenario = _connected(capture)
    bound = next((each for each in capture.calls if each.of_data), None)
    if bound is not None and not any(matters(scenario, scenario.parameters, name) for name in scenario.gradients):
        withdraw(capture, bound)  # the module's variable of that name is something else than what it is given
        scenario = _connected(capture)
    return scenario


def _connected(capture: Capture) -> Scenario:
    scenario = Scenario(capture.module, capture)
    backward = [each.name for each in scenario.calls if each.backward]
    scenario.training = training_in(scenario.module, backward[0]) if len(backward) == 1 else None
    connect(scenario, capture)
    return scenario


def _captured(text: str, name: str, roles: Roles, time_limit: float) -> tuple[Capture, BaseException | None]:
    capture = Capture(UserModule(text, name), roles, time.monotonic() + time_limit / _CAPTURE_SHARE)
    return capture, capture.run()


def _stand_still(capture: Capture, error: BaseException | None, time_limit: float) -> None:
    """Raise what keeps the file from computing a gradient."""
    unfinished = [each for each in capture.calls if not each.done]
    found = any(each.backward and each.done for each in capture.calls)
    if found and not (error is not None and unfinished and unfinished[-1].backward):
        capture.calls[:] = [
            each for each in capture.calls if each.done
        ]  # what came after the gradients does not matter
        return
    name = capture.module.name
    if isinstance(error, Asked):
        raise InputError(f"{name} {error}")
    if error is not None:
        raise error
    if capture.stopped_at is not None:
        where = f"line {capture.stopped_at}" if capture.stopped_at else "what it calls"
        raise InputError(
            f"{name} was still in {where} and had computed no gradient after {time_limit / _CAPTURE_SHARE:.3g} s, the "
            f"third of the time limit of {time_limit:g} s that its first run may take; make its data smaller, or give "
            "it more time with --time-limit"
        )


def _from_data(capture: Capture) -> None:
    """Calls with the module's data; where that fails in a file that left early, the reason is that it left."""
    try:
        make_calls(capture)
    except InputError as problem:
        if capture.left in (None, 0):
            raise
        said = capture.output.last_line()
        words = f" ({said})" if said else ""
        raise InputError(
            f"{capture.module.name} left with exit code {capture.left}{words} before it computed a "
            f"gradient, expected a "
            "file that runs by itself; give its arguments default values"
        ) from problem


def connect(scenario: Scenario, capture: Capture) -> None:
    """Find the loss, the cotangents, and the gradient of each parameter."""
    scenario.state.restore()
    parameters = parameters_in(scenario)
    before = {path: np.array(value) for path, value, _, _ in scenario.state.leaves()}
    parameters = _not_overwritten(scenario, parameters)
    start = time.monotonic()
    results = scenario.run()
    scenario.slowest = time.monotonic() - start
    scenario.state.draws = scenario.drew or scenario.state.has_drawn()
    find_loss(scenario, capture, results, before)
    results = scenario.run()  # with the cotangents, and the call that a guess has put in
    found = _matched(scenario, parameters, results, before, capture.error)
    found = {name: each for name, each in found.items() if _counts(scenario, parameters, name, each, results)}
    if found:
        found |= without_gradient(scenario, parameters, found, capture.error)
    scenario.parameters = [each for each in parameters if each.name in found]
    if not found:
        scenario.point = {}
        raise InputError(_unmatched(scenario)) if is_finite(scenario) else not_finite(scenario)
    scenario.gradients = rename(scenario.parameters, with_lengths(scenario, parameters, found, results))
    _promote(scenario)
    scenario.redrawn = redraws(scenario) if scenario.state.draws else frozenset()


def _counts(scenario: Scenario, parameters: list[Parameter], name: str, where: Gradient, results: list[Any]) -> bool:
    """Whether a parameter is one: it has a gradient, or the loss depends on it."""
    if where.source != "result":
        return True
    try:
        return at(results[where.call], where.path) is not None or matters(scenario, parameters, name)
    except (KeyError, IndexError, AttributeError, TypeError):
        return matters(scenario, parameters, name)


def _unmatched(scenario: Scenario) -> str:
    """Why no gradient was found, in a sentence."""
    name = scenario.module.name
    backward = next(each.name for each in scenario.calls if each.backward)
    for path, value, _, _ in scenario.state.leaves():
        if isinstance(value, np.ndarray) and value.dtype.kind == "c":
            what = path[-1] if isinstance(path[-1], str) else "an array"
            return (
                f"{what} in {name} is complex, and only real parameters can be checked; keep real "
                f"and imaginary parts in two "
                "arrays"
            )
    if scenario.training is not None:
        return in_one_call(scenario, "and makes its parameters itself")
    return (
        f"no gradient of {backward} in {name} could be matched with a parameter: return a dict with "
        f"the parameters' keys, or "
        "name each gradient after its parameter, for example dW1 for W1"
    )


def _not_overwritten(scenario: Scenario, parameters: list[Parameter]) -> list[Parameter]:
    """Without what the forward pass itself puts in place: values that it keeps for the backward pass."""
    first = next(number for number, each in enumerate(scenario.calls) if each.backward)
    kept, scenario.last_forward = scenario.last_forward, first
    try:
        scenario.run(forward_only=True)
    finally:
        scenario.last_forward = kept
    left = []
    for each in parameters:
        try:
            now = at(scenario.state.roots[each.path[0]], each.path[1:])
        except (KeyError, IndexError, AttributeError, TypeError):
            continue
        if now is each.thing or (not isinstance(now, np.ndarray) and now == each.thing):
            left.append(each)
    return left


def _matched(
    scenario: Scenario,
    parameters: list[Parameter],
    results: list[Any],
    before: dict[Any, Any],
    error: BaseException | None,
) -> dict[str, Gradient]:
    """The gradient of each parameter that has one, by what is surest first."""

    def agree(mine: Parameter, value: Any) -> bool:
        return fits(scenario, mine, value)

    found = by_callers(scenario, parameters, results, empty=error is not None)
    taken = {(each.call, each.path) for each in found.values()}
    candidates = [each for each in candidates_in(scenario, results, before) if each.place not in taken]
    found |= by_names(scenario, [each for each in parameters if each.name not in found], candidates)
    free = [each for each in candidates if each.gradient not in found.values()]
    found |= by_steps(scenario, [each for each in parameters if each.name not in found], free)
    if found:
        found |= leftovers(scenario, parameters, found, results, agree)
    found |= by_receivers(scenario, parameters, results, found)
    found |= by_position(scenario, parameters, results, found)
    found |= of_same_structure(scenario, parameters, results, set(found))
    scenario.run()
    steps = in_steps(scenario, [each for each in parameters if each.name not in found])
    if not found and not steps:
        found = by_order(scenario, parameters, candidates, agree)
    found |= input_gradients(scenario, parameters, results, found)
    if steps or not found:
        kept_back = [each for each in parameters if each.name not in found and (each.name in steps or not found)]
        for search in (in_locals, in_updates):
            found |= search(scenario, [each for each in kept_back if each.name not in found])
        found |= common_rate(scenario, parameters, {name: each for name, each in steps.items() if name not in found})
    if not found:
        found = by_names(scenario, parameters, untouched(scenario)) or by_callers(
            scenario, parameters, results, empty=True
        )
    return found


def fits(scenario: Scenario, parameter: Parameter, value: Any) -> bool:
    """Whether a value is the gradient of a parameter, along one direction."""
    if scenario.loss_of is None or np.shape(value) != parameter.shape:
        return False
    slope = slope_along(scenario, parameter)
    along = float(np.sum(np.asarray(value, dtype=np.float64) * direction(parameter.shape, 0)))
    return abs(slope - along) <= _CLOSE * max(abs(slope), abs(along), 1e-9)


def _promote(scenario: Scenario) -> None:
    """Integer parameters become float64 arrays, wherever they are held."""
    for each in scenario.parameters:
        if each.array is None and each.shape and isinstance(each.thing, np.ndarray):
            each.array = each.value.copy()
            scenario.state.exchange(each.thing, each.array)
            each.thing = each.array
