"""The scalar that the gradients belong to: what a call returns or keeps, or its output times a cotangent."""

from typing import Any

import numpy as np

from handgrad.check.source.calls import Call, name_at
from handgrad.check.source.capture import Capture
from handgrad.check.source.results import at, is_scalar, parts
from handgrad.check.source.roles import bases, is_loss_in_backward, is_loss_name
from handgrad.check.source.scenario import Choice, Scenario, array_paths
from handgrad.check.source.state import Path
from handgrad.errors import InputError

_TARGETS = {
    "t",
    "y",
    "target",
    "targets",
    "label",
    "labels",
    "truth",
    "y_true",
    "expected",
    "desired",
    "目标",
    "标签",
    "目標",
    "標籤",
}
_SURE = 1.3  # score of a number that leaves no doubt
_COTANGENTS = {
    "dout",
    "grad",
    "delta",
    "g",
    "upstream",
    "cotangent",
    "v",
    "seed",
    "adjoint",
    "dl",
    "δ",
    "dvalues",
    "dz",
    "dy",
}


def find_loss(scenario: Scenario, capture: Capture, results: list[Any], before: dict[Path, Any]) -> None:
    """Put the loss into the scenario, or several that it may be. Raises InputError where there is none."""
    kept = _kept(scenario, before)
    scenario.state.restore()
    cotangents = _cotangents(scenario, results)
    if cotangents:
        _use_cotangents(scenario, results, cotangents)
        return
    if scenario.training is not None:
        _of_first_step(scenario, results)
        return
    found = _returned(scenario, capture, results)
    if not found:
        found = [(2.0, Choice(*each, _calls_for(scenario, path))) for path, each in kept]
    if found and found[0][0] >= _SURE:
        scenario.choose(found[0][1])
        return
    from handgrad.check.source.guess import guesses

    scenario.loss_choices = [each for _, each in found] + guesses(scenario, results, needed=not found)
    scenario.choose(scenario.loss_choices[0])


def _of_first_step(scenario: Scenario, results: list[Any]) -> None:
    """What a training loop computes under the name of a loss in its first step, or a usual loss: none is sure,
    since the
    loop may go over samples."""
    from handgrad.check.source.guess import guesses

    def of(results: list[Any]) -> float:
        value = scenario.step.loss if scenario.step is not None else None
        return float("nan") if value is None else float(np.asarray(value).item())

    seen = [Choice("the one of the first training step", of, len(scenario.calls), returned=False)]
    known = scenario.step is not None and scenario.step.loss is not None
    scenario.loss_choices = (seen if known else []) + guesses(scenario, results, needed=False)
    if not scenario.loss_choices:
        raise InputError(in_one_call(scenario, "and computes no loss in them"))
    scenario.choose(scenario.loss_choices[0])


def in_one_call(scenario: Scenario, trouble: str) -> str:
    """What to do with a function that takes all training steps."""
    assert scenario.training is not None  # noqa: S101
    return (
        f"{scenario.training.function} in {scenario.module.name} takes all its training steps in "
        f"one call, {trouble}; put the "
        "forward and backward pass of one step into a function that is given the parameters, and "
        "returns the loss and the "
        "gradients"
    )


def _returned(scenario: Scenario, capture: Capture, results: list[Any]) -> list[tuple[float, Choice]]:
    """Numbers that calls return, the likeliest first."""
    found = []
    for number, call in enumerate(scenario.calls):
        call.result = results[number]
        names = capture.loss_names(call)
        for path in capture.loss_paths(call):
            step = path[0] if path else 0
            name = name_at(path, names)
            value = at(results[number], path)
            score = (2.0 if call.loss else 0.0) + (0.0 if call.backward else 1.0) - 0.1 * len(path)
            score += 0.5 if is_loss_name(name) else 0.0
            score += 0.5 if not np.ndim(value) else 0.0 if call.loss or is_loss_name(name) else -1.0
            score -= 0.3 if not path and not call.loss and not is_loss_name(name) else 0.0  # may be an output
            score += 0.5 if call.backward and is_loss_in_backward(name) else 0.0
            score += 0.6 if call.backward and path == (0,) else 0.0
            score -= 0.01 * step if isinstance(step, int) else 0.0

            def of(results: list[Any], number: int = number, path: Path = path) -> float:
                return float(np.asarray(at(results[number], path)).item())

            found.append((score, Choice(f"what {call.name} returns", of, number + 1)))
    found.sort(key=lambda each: -each[0])
    return found


def _kept(scenario: Scenario, before: dict[Path, Any]) -> list[tuple[Path, tuple[str, Any]]]:
    """Numbers under the name of a loss that the calls left behind: ``self.loss``, a global ``loss``."""
    found = []
    for path, value, _, _ in scenario.state.leaves():
        name = str(path[-1])
        if not is_scalar(value) or not is_loss_in_backward(name) or len(name) < 3:
            continue
        old = before.get(path)
        if old is not None and np.array_equal(old, value):
            continue

        def of(results: list[Any], path: Path = path) -> float:
            return float(np.asarray(at(scenario.state.roots[path[0]], path[1:])).item())

        found.append((path, (f"{name}, which is kept", of)))
    return found


def _calls_for(scenario: Scenario, path: Path) -> int:
    """How many calls it takes until a value is there."""
    first = next(number for number, each in enumerate(scenario.calls) if each.backward)
    scenario.run()
    whole = at(scenario.state.roots[path[0]], path[1:])
    kept, scenario.last_forward = scenario.last_forward, first
    try:
        scenario.run(forward_only=True)
        early = at(scenario.state.roots[path[0]], path[1:])
        return first if np.array_equal(early, whole) else kept
    except (KeyError, AttributeError, IndexError):
        return kept
    finally:
        scenario.last_forward = kept


def _cotangents(scenario: Scenario, results: list[Any]) -> list[tuple[Path, int, Path]]:
    """Arguments of backward that are neither known before nor returned before, and have the shape of an output."""
    seen: set[int] = set()
    found = []
    for number, call in enumerate(scenario.calls):
        linked = {path for path, _ in call.links}
        if call.backward:
            for place, each in enumerate(call.args):
                path = ("args", place)
                if (
                    path in linked
                    or id(each) in seen
                    or not isinstance(each, np.ndarray)
                    or not _is_new(scenario, each)
                ):
                    continue
                output = _output_of_shape(scenario, results, number, each.shape)
                if output is not None and _is_cotangent(scenario, call, place, each):
                    found.append(((call.root, *path), *output))
        for _, each in array_paths({"a": call.args, "k": call.keywords}, depth=6):
            seen.add(id(each))
    return found


def _is_new(scenario: Scenario, value: Any) -> bool:
    """Not part of the module's data before the calls, unless named like a cotangent there."""
    for path, each, _, _ in scenario.state.leaves():
        if each is value and path[0] == "globals":
            return bool(bases(str(path[1]))) and len(path) == 2
    return True


def is_target(name: str) -> bool:
    """Whether an argument is what the output should be."""
    return name.lower() in _TARGETS


def _is_cotangent(scenario: Scenario, call: Call, place: int, value: Any) -> bool:
    """By its name; under a name that says nothing, where nothing comes back for a cotangent of zeros."""
    name = str(call.argument(place))
    if is_target(name):
        return False
    if name.lower() in _COTANGENTS or bases(name):
        return True
    scenario.cotangents = [((call.root, "args", place), np.zeros_like(value, dtype=np.float64))]
    try:
        results = scenario.run()
    except Exception:  # whatever the user's code does with zeros
        return True
    finally:
        scenario.cotangents = []
    number = next(n for n, each in enumerate(scenario.calls) if each is call)
    given = [np.asarray(each) for _, each in array_paths(results[number]) if np.shape(each)]
    return not given or all(not np.any(each) for each in given if each.dtype.kind == "f")


def _output_of_shape(
    scenario: Scenario, results: list[Any], before: int, shape: tuple[int, ...]
) -> tuple[int, Path] | None:
    for number in reversed(range(before)):
        if scenario.calls[number].backward:
            continue
        for path, each in array_paths(results[number], depth=2):
            if np.shape(each) == shape and isinstance(each, np.ndarray) and shape and path in ((), (0,)):
                return number, path
    return None


def _use_cotangents(scenario: Scenario, results: list[Any], found: list[tuple[Path, int, Path]]) -> None:
    rng = np.random.default_rng(1)
    pairs = []
    for argument, number, path in found:
        value = rng.normal(size=np.shape(at(results[number], path)))
        scenario.cotangents.append((argument, value))
        pairs.append((number, path, value))

    def of(results: list[Any]) -> float:
        return float(sum(np.sum(at(results[n], p) * v) for n, p, v in pairs))

    call = scenario.calls[pairs[0][0]].name
    words = f"the sum of the output of {call} times a random cotangent"
    scenario.choose(Choice(words, of, max(n for n, _, _ in pairs) + 1))


__all__ = ["find_loss", "is_target", "parts"]
