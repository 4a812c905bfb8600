"""Put the captured calls in order: a loss where there was none, before the backward pass, at the same parameters."""

from typing import Any

import numpy as np

from handgrad.check.source.calls import Call, Link
from handgrad.check.source.capture import Capture
from handgrad.check.source.losses import is_target
from handgrad.check.source.results import scalar_paths
from handgrad.check.source.roles import is_loss_name
from handgrad.check.source.scenario import array_paths
from handgrad.check.source.things import data_names


def complete(capture: Capture) -> None:
    """A loss, where none of the captured calls returned one but the file has a function that does."""
    _rebind(capture)
    if any(capture.loss_paths(each) for each in capture.calls):
        return
    assert capture.state is not None  # noqa: S101
    capture.state.restore()  # to what it was before the step
    module, roles = capture.module, capture.roles
    backward = next(each for each in capture.calls if each.backward)
    values = _values(capture, backward)
    data = {name: module.namespace[name] for name in data_names(module.namespace)}
    names = sorted(module.codes.values(), key=lambda name: (not roles.is_loss(name), not roles.is_forward(name)))
    for name in dict.fromkeys(names):
        if not _may_be_loss(capture, name, backward):
            continue
        known = data | values if _is_loss(capture, name) else values  # a score of the data is a number too
        call = _called_with(capture, name, known)
        if call is None or not scalar_paths(call.result) or not (call.loss or scalar_paths(call.result) == [()]):
            continue
        call.of_data = not set(call.names) <= set(values)
        first = capture.calls.index(backward)
        if all(link.call < first for _, link in call.links):
            _insert(capture, first, call)
        else:
            capture.calls.append(call)
        capture.state.add(call.root, {"args": call.args, "keywords": call.keywords})
        return


def withdraw(capture: Capture, call: Call) -> None:
    """Take such a loss out again: nothing is linked to it."""
    place = capture.calls.index(call)
    del capture.calls[place]
    for each in capture.calls:
        for link in [one for _, one in each.links] + ([each.closure] if each.closure is not None else []):
            link.call -= link.call > place


def _values(capture: Capture, backward: Call) -> dict[str, Any]:
    """What the captured calls were given, by the names of their arguments; those of backward first."""
    values = dict(zip(backward.names, backward.args, strict=False)) | backward.keywords
    for each in capture.calls:
        values |= {key: value for key, value in zip(each.names, each.args, strict=False) if key not in values}
    return values


def _may_be_loss(capture: Capture, name: str, backward: Call) -> bool:
    module, roles = capture.module, capture.roles
    functions = module.codes.values()
    if not module.has(name) or roles.is_backward(name, functions) or any(each.name == name for each in capture.calls):
        return False
    owner = backward.name.rsplit(".", 1)[0] if "." in backward.name else ""
    if "." in name and name.rsplit(".", 1)[0] != owner:
        return False
    return roles.is_forward(name, functions) or _is_loss(capture, name)


def _is_loss(capture: Capture, name: str) -> bool:
    """Whether a function's own name, or that of what it returns, is that of a loss."""
    return capture.roles.is_loss(name) or any(is_loss_name(each) for each in capture.loss_names(Call(name, "")))


def _called_with(capture: Capture, name: str, values: dict[str, Any]) -> Call | None:
    """The call with arguments by name, made once; None where one is missing or it raises."""
    function = capture.module.function(name)
    code = function.__code__
    names = code.co_varnames[: code.co_argcount]
    given = len(function.__defaults__ or ())
    while names and names[-1] not in values and given:
        names, given = names[:-1], given - 1
    if not all(each in values for each in names):
        return None
    call = Call(name, f"call{len(capture.calls)}", [values[each] for each in names], names=names, loss=True)
    for place, each in enumerate(call.args):
        link = capture._objects.get(id(each))
        if link is not None:
            call.links.append((("args", place), Link(link.call, link.path)))
    try:
        call.result = function(*call.args)
    except Exception:  # a function that cannot be called so is not the loss
        return None
    return call


def unwrap(capture: Capture) -> None:
    """Where backward is given an array that belongs to the output of a forward call inside the loss, that forward call
    takes the place of the loss: its output times a cotangent is the objective."""
    assert capture.state is not None  # noqa: S101
    for number, call in enumerate(capture.calls):
        if not call.backward:
            continue
        linked = {path for path, _ in call.links}
        for place, value in enumerate(call.args):
            if ("args", place) in linked or not isinstance(value, np.ndarray) or _in_globals(capture, value):
                continue
            if any(value is each for other in capture.calls[:number] for each in other.args):
                continue
            known = [
                np.shape(each) for other in capture.calls[:number] for _, each in array_paths(other.result, depth=2)
            ]
            if value.shape in known or is_target(str(call.argument(place))):
                continue
            if _replaced(capture, number, value.shape):
                return


def _replaced(capture: Capture, before: int, shape: tuple[int, ...]) -> bool:
    """Exchange a call for one that it made itself and that returned an array of this shape."""
    assert capture.state is not None  # noqa: S101
    for number, other in enumerate(capture.calls[:before]):
        if any(link.call == number for each in capture.calls for _, link in each.links):
            continue
        for inner in reversed(other.nested):
            outputs = [np.shape(each) for path, each in array_paths(inner.result, depth=2) if path in ((), (0,))]
            if outputs[:1] == [shape]:
                capture.calls[number] = inner
                capture.state.add(inner.root, {"args": inner.args, "keywords": inner.keywords})
                return True
    return False


def _in_globals(capture: Capture, value: Any) -> bool:
    return any(value is each for each in capture.module.namespace.values())


def loss_first(capture: Capture) -> None:
    """A loss that needs nothing of the backward pass goes before it: it then runs alone, quickly."""
    first = next(number for number, each in enumerate(capture.calls) if each.backward)
    if any(capture.loss_paths(each) for each in capture.calls[:first]):
        return
    for number in range(first + 1, len(capture.calls)):
        call = capture.calls[number]
        if not call.backward and capture.loss_paths(call) and all(link.call < first for _, link in call.links):
            del capture.calls[number]
            _insert(capture, first, call)
            return


def _rebind(capture: Capture) -> None:
    """A loss that was called after the step is to be seen at the same parameters as the gradients before the step."""
    first = next(number for number, each in enumerate(capture.calls) if each.backward)
    backward = capture.calls[first]
    values = dict(zip(backward.names, backward.args, strict=False)) | backward.keywords
    linked = {backward.argument(path[1]) for path, _ in backward.links if path[0] == "args"}
    for call in capture.calls[first + 1 :]:
        if call.backward:
            continue
        for place, name in enumerate(call.names[: len(call.args)]):
            if name in values and name not in linked and _alike(values[name], call.args[place]):
                call.args[place] = values[name]
                call.links[:] = [each for each in call.links if each[0] != ("args", place)]
        assert capture.state is not None  # noqa: S101
        capture.state.refresh(call.args)


def _alike(one: Any, other: Any) -> bool:
    """Two values of a variable at different times; a step by a gradient with too many axes widens it."""
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return bool(one.shape == other.shape or one.shape == other.shape[other.ndim - one.ndim :])
    return type(one) is type(other) or (isinstance(one, int | float) and isinstance(other, int | float))


def _insert(capture: Capture, place: int, call: Call) -> None:
    for each in capture.calls[place:]:
        for _, link in each.links:
            if link.call >= place:
                link.call += 1
        if each.closure is not None and each.closure.call >= place:
            each.closure.call += 1
    capture.calls.insert(place, call)


def shorten(capture: Capture) -> None:
    """Leave out calls of a loss that were made before with the same arguments: a numerical check of the user's own."""
    latest: dict[tuple[Any, ...], int] = {}
    first = next(number for number, each in enumerate(capture.calls) if each.backward)
    for number, call in enumerate(capture.calls[:first]):
        if scalar_paths(call.result) == [()] and not call.links:
            latest[(call.name, *map(id, call.args), *map(id, call.keywords.values()))] = number
    used = {link.call for each in capture.calls for _, link in each.links}
    used |= {each.closure.call for each in capture.calls if each.closure is not None}
    kept = []
    for number, call in enumerate(capture.calls):
        key = (call.name, *map(id, call.args), *map(id, call.keywords.values()))
        if number >= first or number in used or key not in latest or latest[key] == number:
            kept.append(number)
    order = {old: new for new, old in enumerate(kept)}
    capture.calls[:] = [capture.calls[number] for number in kept]
    for call in capture.calls:
        for link in [each for _, each in call.links] + ([call.closure] if call.closure is not None else []):
            link.call = order[link.call]
