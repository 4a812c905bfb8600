"""Optimizer, not gradient: every gradient is right, and the step made of them is not one that goes down."""

from typing import Any

import numpy as np

from handgrad.check.evidence import Evidence
from handgrad.check.problem import Point
from handgrad.check.result import Finding
from handgrad.check.tree import leaves, rebuild

_CALLS = 4


def diagnose(evidence: Evidence) -> Finding | None:
    update = evidence.options.update
    if update is None or len(evidence.right) != len(evidence.judged):
        return None
    steps = [_step(evidence, update) for _ in range(_CALLS)]
    if any(each is None for each in steps):
        return None
    first, *rest = [each for each in steps if each is not None]
    slope = sum(float(np.sum(first[name] * evidence.here.a(name))) for name in first)
    if slope >= 0:
        text = "Every gradient is right, and the update does not go against it: the loss grows, or nothing moves."
        return Finding("optimizer", text, tuple(first))
    sizes = np.concatenate([np.abs(each).ravel() for each in first.values()])
    even = float(np.max(sizes)) <= 1.001 * float(np.min(sizes[sizes > 0], initial=np.inf)) and len(sizes) > 2
    later = [max(float(np.max(np.abs(each[n]))) for n in each) / float(np.max(sizes)) for each in rest]
    if even and max(abs(each - 1) for each in later) > 1e-2:
        text = (
            "Every gradient is right. The update divides each entry by its own size, as Adam does, yet under the very "
        )
        text += (
            f"same gradient its length changes from step to step (by {later[0]:.3g}, then {later[1]:.3g}): the bias "
        )
        return Finding(
            "optimizer", text + "correction m / (1 - beta^t) is wrong, for example multiplied.", tuple(first)
        )
    return None


def _step(evidence: Evidence, update: Any) -> Point | None:
    """What one call of update adds to the parameters; None where it returns something else."""
    problem, point = evidence.problem, evidence.here.point
    passed = rebuild(problem.parameters, lambda name, _: np.array(point[name or problem.what])[()])
    given = rebuild(problem.parameters, lambda name, _: np.array(evidence.here.a(name or problem.what))[()])
    returned = update(passed, given)
    after = {name or problem.what: leaf for name, leaf in leaves(passed if returned is None else returned)}
    if set(after) != set(point):
        return None
    return {name: np.asarray(after[name], dtype=np.float64) - point[name] for name in point}
