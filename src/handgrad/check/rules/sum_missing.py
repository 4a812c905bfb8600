"""Sum missing over the batch or over positions: the gradient equals one summand, or has an axis too many."""

from handgrad.check.evidence import MATCH, Evidence, Snapshot, equal
from handgrad.check.pairs import pairs
from handgrad.check.result import Finding
from handgrad.check.rules._words import finding
from handgrad.check.words import listed


def diagnose(evidence: Evidence) -> Finding | None:
    shaped = {name: axis for name in evidence.of_kind("shape") for axis in [_axis(evidence, name)] if axis is not None}
    if shaped:
        axis = next(iter(shaped.values()))
        text = f"The gradient of {listed(list(shaped))} has an axis too many: summed over axis {axis}, it is right."
        return finding("sum-missing", list(shaped), text)
    for name in evidence.wrong:
        if evidence.problem.point[name].ndim == 1:
            common = set.intersection(*(set(_summand(snapshot, name)) for snapshot in evidence.snapshots))
            if common:
                k, weight = sorted(common)[0]
                text = f"The gradient of {name} is that of sample {k} alone, as {weight} shows: the sum is missing."
                return finding("sum-missing", [name], text)
    return None


def _axis(evidence: Evidence, name: str) -> int | None:
    """The axis over which the gradient must be summed to be right."""
    raw = evidence.here.given.raw.get(name)
    if raw is None:
        return None
    shape = evidence.problem.point[name].shape
    for axis in range(raw.ndim):
        for keep in (False, True):
            summed = raw.sum(axis=axis, keepdims=keep)
            if raw.shape[axis] > 1 and summed.shape == shape and evidence.here.n(name).agrees(summed, MATCH):
                return axis
    return None


def _summand(snapshot: Snapshot, name: str) -> list[tuple[int, str]]:
    """Samples k whose column of D, taken from a weight with dW = D X^T, is the gradient of this bias."""
    full, given = snapshot.full(name), snapshot.given.arrays.get(name)
    if full is None or given is None:
        return []
    found = []
    for weight, value in snapshot.point.items():
        if value.ndim != 2 or full.size not in value.shape or weight not in snapshot.given.arrays:
            continue
        for pair in pairs(snapshot, weight):
            if pair.x is not None and pair.numerical.shape[1] > 1 and equal(pair.numerical.sum(axis=1), full):
                columns = pair.numerical.T
                found += [(k, weight) for k, column in enumerate(columns) if equal(column, given)]
    return found
