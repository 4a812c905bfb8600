"""Weights updated too early: right as soon as the update is held back, or the learning rate is zero."""

from typing import Any

import numpy as np

from handgrad.check.evidence import MATCH, Evidence, Snapshot
from handgrad.check.problem import match
from handgrad.check.result import Finding
from handgrad.check.rules._words import finding
from handgrad.check.tree import rebuild
from handgrad.check.words import listed


class _Held(np.ndarray[Any, np.dtype[Any]]):
    """An array whose ``-=`` and ``+=`` do nothing, and which cannot be written to."""

    def __isub__(self, other: Any) -> Any:  # type: ignore[misc]
        return self

    def __iadd__(self, other: Any) -> Any:  # type: ignore[misc]
        return self

    def __setitem__(self, key: Any, value: Any) -> None:
        return None


def diagnose(evidence: Evidence) -> Finding | None:
    names = [name for name in evidence.wrong if all(_right_when_held(evidence, s, name) for s in evidence.snapshots)]
    if not names:
        return None
    changed = [name for name in evidence.problem.point if name in evidence.here.given.changed]
    who = f"{listed(changed)} {'is' if len(changed) == 1 else 'are'}" if changed else "a weight is"
    text = (
        f"The gradient of {listed(names)} is right when nothing is updated: {who} changed before backward has used the "
    )
    return finding("updated-early", names, text + "old value.")


def _right_when_held(evidence: Evidence, snapshot: Snapshot, name: str) -> bool:
    problem = evidence.problem
    if evidence.options.at_rate is not None:
        function = evidence.options.at_rate(0.0)
        passed = rebuild(problem.parameters, lambda leaf, _: np.array(snapshot.point[leaf or problem.what])[()])
    elif evidence.here.given.changed:
        function = problem.gradients
        passed = rebuild(problem.parameters, lambda leaf, _: np.array(snapshot.point[leaf or problem.what]).view(_Held))
    else:
        return False
    try:
        given = match(function(passed), problem.parameters, snapshot.point, problem.what)
    except Exception:  # whatever a function does with arrays that do not change
        return False
    return name in given.arrays and snapshot.n(name).agrees(np.asarray(given.arrays[name]), MATCH)
