"""Accumulator seeded: a - n is the same constant at two points, or a multiple of the parameter."""

from functools import partial

import numpy as np

from handgrad.check.evidence import MATCH, Evidence, Snapshot
from handgrad.check.result import Finding
from handgrad.check.rules._words import finding, fraction
from handgrad.check.tree import Array
from handgrad.check.words import listed


def diagnose(evidence: Evidence) -> Finding | None:
    if evidence.there is None:
        return None
    constant, own, c = [], [], 0.0
    for name in evidence.wrong:
        if name not in evidence.there.given.arrays or not np.any(evidence.here.a(name)):
            continue
        amount = _constant(evidence, name)
        if amount is not None and evidence.mends(name, partial(_less, amount)):
            constant.append(name)
            continue
        found = _multiple(evidence.here, name)
        if found and evidence.mends(name, partial(_less_parameter, found, name)):
            own.append(name)
            c = found
    if constant:
        text = f"The gradient of {listed(constant)} is off by the same amount at every point: the accumulator starts "
        return finding("accumulator-seed", constant, text + "from something else than zero.")
    if own:
        times = "the parameter itself" if abs(c - 1) < MATCH else f"{fraction(c) or f'{c:.6g}'} times the parameter"
        text = (
            f"The gradient of {listed(own)} is the right one plus {times}: the accumulator starts from it, or a weight "
        )
        return finding("accumulator-seed", own, text + "decay is in the gradient and not in the loss.")
    return None


def _less(amount: Array | float, a: Array, snapshot: Snapshot) -> Array:
    return a - amount


def _less_parameter(c: float, name: str, a: Array, snapshot: Snapshot) -> Array:
    return a - c * snapshot.point[name]


def _residual(snapshot: Snapshot, name: str) -> Array:
    numerical = snapshot.n(name)
    return np.asarray(snapshot.a(name).reshape(-1)[numerical.index] - numerical.value)


def _constant(evidence: Evidence, name: str) -> Array | float | None:
    """What stands in the accumulator at first: an array where every entry is known, or one number for all."""
    here = evidence.here
    residual = _residual(here, name)
    if here.n(name).complete:
        return np.asarray(residual.reshape(here.point[name].shape))
    mean = float(np.mean(residual))
    return mean if mean and np.all(np.abs(residual - mean) <= MATCH * abs(mean)) else None


def _multiple(snapshot: Snapshot, name: str) -> float:
    """c of a - n = c p, by least squares."""
    p = snapshot.point[name].reshape(-1)[snapshot.n(name).index]
    square = float(np.sum(p**2))
    return float(np.sum(_residual(snapshot, name) * p)) / square if square else 0.0
