"""Shifted by one time step: the gradient of the step before or after, or h_t where h_{t-1} belongs."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from handgrad.check.evidence import Evidence, Snapshot, equal
from handgrad.check.pairs import flat, upstream
from handgrad.check.result import Finding
from handgrad.check.rules._words import finding
from handgrad.check.tree import Array


def diagnose(evidence: Evidence) -> Finding | None:
    for name in evidence.wrong:
        for axis, n in enumerate(evidence.problem.point[name].shape):
            if n > 2:
                for by in (1, -1):
                    if evidence.predicts(name, partial(_moved, name, by, axis)):
                        when = "late" if by > 0 else "early"
                        text = f"The gradient of {name} comes one step too {when} along axis {axis}."
                        return finding("time-shift", [name], text)
        found: set[str] | None = None
        for snapshot in evidence.snapshots:
            here = set(_shifted(snapshot, name))
            found = here if found is None else found & here
        if found:
            text = f"The gradient of {name} is made with {sorted(found)[0]} one time step off, as h_t for h_(t-1)."
            return finding("time-shift", [name], text)
    return None


def _moved(name: str, by: int, axis: int, snapshot: Snapshot) -> Array | None:
    """The numerical gradient moved along an axis, zeros coming in."""
    full = snapshot.full(name)
    if full is None:
        return None
    moved = np.roll(full, by, axis)
    moved = np.moveaxis(moved, axis, 0).copy()
    moved[0 if by > 0 else -1] = 0
    return np.moveaxis(moved, 0, axis)


def _shifted(snapshot: Snapshot, name: str) -> list[str]:
    """Named sequences X with n = D X^T for which a = D X'^T, X' being X a step off."""
    full, given = snapshot.full(name), snapshot.given.arrays.get(name)
    if full is None or given is None or full.ndim != 2:
        return []
    sequences = list(_sequences(snapshot))
    found = []
    for n, a in ((full, given), (full.T, given.T)):
        for d in upstream(snapshot, len(n)):
            for label, right, shifted in sequences:
                fits = right.shape == (n.shape[1], d.shape[1])
                if fits and equal(d @ right.T, n) and equal(d @ shifted.T, a):
                    found.append(label)
    return found


def _sequences(snapshot: Snapshot) -> Iterator[tuple[str, Array, Array]]:
    """Named values as features x steps, beside the same a step off: along every axis, both ways."""
    for label, value in snapshot.values.items():
        if value.ndim < 2:
            continue
        for time in range(value.ndim):
            v = np.moveaxis(value, time, 0)
            if len(v) < 3:
                continue
            zero = np.zeros_like(v[:1])
            later, earlier = np.concatenate([zero, v[:-1]]), np.concatenate([v[1:], zero])
            for right, shifted in ((v[:-1], v[1:]), (v[1:], v[:-1]), (v, earlier), (v, later), (later, v)):
                for axis in range(1, v.ndim):
                    yield label, flat(right, axis), flat(shifted, axis)
