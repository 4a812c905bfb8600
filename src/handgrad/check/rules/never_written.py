"""Gradient never written: zero, or the same whatever the parameters, where the derivative is not."""

import numpy as np

from handgrad.check.evidence import Evidence, Snapshot
from handgrad.check.result import Finding
from handgrad.check.rules._words import finding
from handgrad.check.words import listed


def diagnose(evidence: Evidence) -> Finding | None:
    zero = [name for name in evidence.wrong if not any(np.any(s.a(name)) for s in _with(evidence, name))]
    if zero:
        text = (
            f"The gradient of {listed(zero)} is zero everywhere, and the derivative is not: nothing is written to it."
        )
        return finding("never-written", zero, text)
    part = [name for name in evidence.wrong if _in_part(evidence, name)]
    if part:
        text = (
            f"Some entries of the gradient of {listed(part)} stay zero and all others are right: nothing writes them."
        )
        return finding("never-written", part, text)
    return None


def _with(evidence: Evidence, name: str) -> list[Snapshot]:
    return [snapshot for snapshot in evidence.snapshots if name in snapshot.given.arrays]


def _in_part(evidence: Evidence, name: str) -> bool:
    """Whether every entry that is wrong is exactly zero, at both points."""
    for snapshot in _with(evidence, name):
        right = snapshot.right_entries(name)
        if right is None or np.all(right) or not np.any(right) or np.any(snapshot.a(name)[~right]):
            return False
    return True
