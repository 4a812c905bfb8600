"""Recurrent term missing: right for one time step and wrong for more; what comes from the next step is left out."""

import numpy as np

from handgrad.check.evidence import MATCH, Evidence, LayerEvidence, Snapshot
from handgrad.check.pairs import pairs, sharing
from handgrad.check.result import Finding
from handgrad.check.rules._words import finding, parallel
from handgrad.check.tree import Array
from handgrad.check.words import listed


def diagnose(evidence: Evidence) -> Finding | None:
    layer = evidence.options.layer
    names = [name for name in evidence.wrong if layer is not None and _truncated(evidence, layer, name)]
    if names:
        text = f"The gradient of {listed(names)} is at every step that of the same step's output alone: "
        return finding("recurrent-term", names, text + "what flows back from the next time step is left out.")
    names = [name for name in evidence.wrong if all(_last_alone(snapshot, name) for snapshot in evidence.snapshots)]
    if names:
        text = f"The gradient of {listed(names)} is right for the last time step and wrong for every earlier one: "
        names += [other for name in names for other in sharing(evidence, name) if other not in names]
        return finding("recurrent-term", names, text + "what flows back from the next time step is left out.")
    names = growing(evidence)
    if len(names) == 1:  # one alone: path_lost
        return None
    text = f"The gradient of {listed(names or ['?'])} is right for one time step and wrong for more: what flows "
    also = ("path-lost",) if not evidence.right else ()
    return finding("recurrent-term", names, text + "from the next time step is left out.", also)


def _truncated(evidence: Evidence, layer: LayerEvidence, name: str) -> bool:
    """Whether the gradient of x_t is what the output of step t alone gives, for every t."""
    steps = evidence.problem.point[name].shape[:1]
    if not steps or steps[0] < 2 or any(dy.shape[:1] != steps for dy in layer.cotangents):
        return False
    return evidence.predicts(name, lambda s: _stepwise(evidence, layer, s, name))


def _stepwise(evidence: Evidence, layer: LayerEvidence, snapshot: Snapshot, name: str) -> Array | None:
    rows = []
    for t in range(len(snapshot.point[name])):
        only = [np.zeros_like(dy) for dy in layer.cotangents]
        for part, dy in zip(only, layer.cotangents, strict=True):
            part[t] = dy[t]
        full = Snapshot(layer.problem_under(only), snapshot.point, snapshot.given, {}, evidence.noise).full(name)
        if full is None:
            return None
        rows.append(full[t])
    return np.stack(rows)


def _last_alone(snapshot: Snapshot, name: str) -> bool:
    """Whether of D in dW = D X^T the last column is right, and every other is wrong and not zero."""
    for pair in pairs(snapshot, name):
        if pair.x is None or pair.numerical.shape[1] < 3:
            continue
        scale = float(np.max(np.abs(pair.numerical)))
        off = np.max(np.abs(pair.given - pair.numerical), axis=0) > MATCH * scale
        there = np.max(np.abs(pair.given), axis=0) > MATCH * scale
        if not off[-1] and np.all(off[:-1]) and np.all(there):
            return True
    return False


def growing(evidence: Evidence) -> list[str]:
    """Parameters that are right (or zero) with one step, and wrong, by more than a factor, with three and four."""
    one, three, four = (evidence.resized(steps=n) for n in (1, 3, 4))
    if one is None or three is None or four is None:
        return []
    found, proved = [], False
    for name in evidence.wrong:
        here = one.agreement(name)
        if here is False or any(s.agreement(name) is not False or parallel(s, name) is not None for s in (three, four)):
            continue
        found.append(name)
        proved = proved or here is True
    return found if proved else []
