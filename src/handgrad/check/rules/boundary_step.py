"""Boundary step skipped: wrong only at the first index of an axis, or only at the last."""

import numpy as np

from handgrad.check.evidence import Evidence, Snapshot
from handgrad.check.pairs import pairs, sharing
from handgrad.check.result import Finding
from handgrad.check.rules._words import finding
from handgrad.check.tree import Array


def diagnose(evidence: Evidence) -> Finding | None:
    for name in evidence.wrong:
        places = [_place(snapshot, name) for snapshot in evidence.snapshots]
        common = set.intersection(*(set(each) for each in places))
        if common:
            text = f"The gradient of {name} is right but for {sorted(common)[0]}, which is left out."
            return finding("boundary-step", [name, *sharing(evidence, name)], text)
    return None


def _place(snapshot: Snapshot, name: str) -> list[str]:
    found = []
    right = snapshot.right_entries(name)
    if right is not None:
        for axis, n in enumerate(right.shape):
            rows = np.all(np.moveaxis(right, axis, 0).reshape(n, -1), axis=1) if n else np.ones(0, dtype=bool)
            found += [f"the {where} index of axis {axis}" for where in _end(rows)]
    for pair in pairs(snapshot, name):
        if pair.x is not None and np.any(pair.given):
            scale = float(np.max(np.abs(pair.numerical)))
            columns = np.all(np.abs(pair.given - pair.numerical) <= 1e-5 * scale, axis=0)
            found += [f"the {where} step of {pair.label}" for where in _end(columns)]
    return found


def _end(right: Array) -> list[str]:
    """Whether exactly the first or exactly the last of at least three is wrong."""
    if len(right) < 3 or np.sum(~right) != 1:
        return []
    return ["first"] if not right[0] else ["last"] if not right[-1] else []
