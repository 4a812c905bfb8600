"""Batch rows dropped: from some sample on, nothing arrives."""

import numpy as np

from handgrad.check.evidence import Evidence, Snapshot
from handgrad.check.pairs import pairs, sharing
from handgrad.check.result import Finding
from handgrad.check.rules._words import finding
from handgrad.check.tree import Array


def diagnose(evidence: Evidence) -> Finding | None:
    for name in evidence.wrong:
        common = set.intersection(*(set(_dropped(snapshot, name)) for snapshot in evidence.snapshots))
        if common:
            text = f"The gradient of {name} is right for {sorted(common)[0]}, and zero beyond: the others are dropped."
            return finding("rows-dropped", [name, *sharing(evidence, name)], text)
    return None


def _dropped(snapshot: Snapshot, name: str) -> list[str]:
    full = snapshot.full(name)
    if full is None or name not in snapshot.given.arrays:
        return []
    given, found = snapshot.a(name), []
    for axis, n in enumerate(full.shape):
        kept = _kept(np.moveaxis(given, axis, 0).reshape(n, -1), np.moveaxis(full, axis, 0).reshape(n, -1))
        if kept:
            found.append(f"the first {kept} of {n} along axis {axis}")
    for pair in pairs(snapshot, name):
        if pair.x is not None:
            kept = _kept(pair.given.T, pair.numerical.T)
            if kept:
                found.append(f"the first {kept} of {pair.given.shape[1]} samples of {pair.label}")
    return found


def _kept(given: Array, numerical: Array) -> int:
    """How many rows come first that are right, where all others are zero and should not be; 0 if it is not so."""
    tolerance = 1e-5 * float(np.max(np.abs(numerical), initial=0.0))
    right = np.all(np.abs(given - numerical) <= tolerance, axis=1)
    kept = int(np.argmin(right)) if not np.all(right) else 0
    rest = given[kept:]
    if (
        kept
        and np.all(np.abs(rest) <= tolerance * 1e-3)
        and np.all(np.any(np.abs(numerical[kept:]) > tolerance, axis=1))
    ):
        return kept
    return 0
