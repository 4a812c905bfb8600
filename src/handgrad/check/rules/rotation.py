"""Kernel not rotated, or rotated once too often: right after a turn by 180 degrees."""

from functools import partial
from itertools import combinations

import numpy as np

from handgrad.check.evidence import Evidence, Snapshot
from handgrad.check.result import Finding
from handgrad.check.rules._words import finding
from handgrad.check.tree import Array
from handgrad.check.words import listed


def diagnose(evidence: Evidence) -> Finding | None:
    names = [name for name in evidence.wrong if _turned(evidence, name)]
    if not names:
        return None
    text = (
        f"The gradient of {listed(names)} is right after a turn by 180 degrees: a kernel is not rotated where it must "
    )
    return finding("rotation", names, text + "be, or is rotated once too often.")


def _turned(evidence: Evidence, name: str) -> bool:
    shape = evidence.problem.point[name].shape
    pairs = [pair for pair in combinations(range(len(shape)), 2) if shape[pair[0]] > 1 and shape[pair[1]] > 1]
    return any(evidence.mends(name, partial(_turn, pair)) for pair in pairs)


def _turn(axes: tuple[int, int], a: Array, snapshot: Snapshot) -> Array:
    return np.flip(a, axes)
