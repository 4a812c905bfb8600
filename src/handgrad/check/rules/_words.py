"""Small helpers of the rules: names in a sentence, numbers as a reader would write them, and the finding itself."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from handgrad.check.evidence import MATCH, Evidence, Snapshot
from handgrad.check.result import Finding
from handgrad.check.words import listed

_LARGEST = 12  # numerator or denominator of what counts as a simple fraction


def gradients_of(evidence: Evidence, names: Sequence[str]) -> str:
    """What the gradients of some parameters are called at the beginning of a sentence."""
    every = len(names) > 1 and set(names) == set(evidence.problem.point)
    return "Every gradient" if every else f"The gradient of {listed(names)}"


def finding(fault: str, names: Sequence[str], explanation: str, also: Sequence[str] = ()) -> Finding | None:
    """A finding about parameters; None if there are none."""
    return Finding(fault, explanation, tuple(names), tuple(also)) if names else None


def fraction(k: float) -> Fraction | None:
    """``k`` as a simple fraction, if it is one."""
    if not np.isfinite(k) or k == 0:
        return None
    found = Fraction(k).limit_denominator(_LARGEST)
    near = found != 0 and abs(float(found) - k) <= MATCH * abs(k)
    return found if near and abs(found.numerator) <= _LARGEST else None


def ratio(snapshot: Snapshot, name: str) -> float:
    """k of a = k n, by least squares over the entries that were differentiated; NaN where n is zero."""
    numerical = snapshot.n(name)
    there = snapshot.a(name).reshape(-1)[numerical.index]
    square = float(np.sum(numerical.value**2))
    return float(np.sum(there * numerical.value)) / square if square else float("nan")


def parallel(snapshot: Snapshot, name: str) -> float | None:
    """k of a = k n where that holds at every entry and direction; else None."""
    if name not in snapshot.given.arrays:
        return None
    k = ratio(snapshot, name)
    if not np.isfinite(k) or k == 0:
        return None
    return k if snapshot.n(name).agrees(snapshot.a(name) / k, MATCH) else None
