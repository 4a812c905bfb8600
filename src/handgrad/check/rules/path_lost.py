"""A path lost where a value is used twice (= for +=): the gradient of one use is there, that of the others is not."""

from functools import partial

import numpy as np

from handgrad.check.evidence import Evidence, LayerEvidence, Snapshot, equal
from handgrad.check.pairs import pairs
from handgrad.check.problem import Problem
from handgrad.check.result import Finding
from handgrad.check.rules._words import finding
from handgrad.check.rules.recurrent_term import growing
from handgrad.check.tree import Array


def diagnose(evidence: Evidence) -> Finding | None:
    for name in evidence.wrong:
        layer = evidence.options.layer
        if layer is not None:
            words = _one_output(evidence, layer, name) or _beside(evidence, name)
            if words:
                return finding("path-lost", [name], f"The gradient of {name} lacks one path: {words}.")
        common = set.intersection(*(set(_one_step(snapshot, name)) for snapshot in evidence.snapshots))
        if common:
            k, label = sorted(common)[0]
            text = f"The gradient of {name} is that of step {k} of {label} alone: each step replaces what the others "
            return finding("path-lost", [name], text + "gave (= where += belongs).", ("sum-missing",))
    names = growing(evidence)
    if len(names) != 1:
        return None
    text = f"The gradient of {names[0]} is right for one time step and wrong for more, the others are right: each step "
    return finding(
        "path-lost", names, text + "replaces what the others gave (= where += belongs).", ("recurrent-term",)
    )


def _one_output(evidence: Evidence, layer: LayerEvidence, name: str) -> str:
    """Whether the gradient is right for one of several outputs alone."""
    if len(layer.cotangents) < 2:
        return ""
    for k in range(len(layer.cotangents)):
        less = [dy if i != k else np.zeros_like(dy) for i, dy in enumerate(layer.cotangents)]
        if evidence.predicts(name, partial(_under, layer.problem_under(less), name, evidence.noise)):
            return f"what comes through output {k} does not arrive"
    return ""


def _under(problem: Problem, name: str, noise: float, snapshot: Snapshot) -> Array | None:
    """The numerical gradient at the same point, of another objective."""
    return Snapshot(problem, snapshot.point, snapshot.given, {}, noise).full(name)


def _beside(evidence: Evidence, name: str) -> str:
    """Whether the cotangent itself is what is missing, as of a path around the layer."""
    for k, dy in enumerate(evidence.options.layer.cotangents if evidence.options.layer else []):
        if dy.shape == evidence.problem.point[name].shape and evidence.mends(name, partial(_plus, dy)):
            return f"the cotangent of output {k} must be added, as {name} also goes around the layer"
    return ""


def _plus(dy: Array, a: Array, snapshot: Snapshot) -> Array:
    return a + dy


def _one_step(snapshot: Snapshot, name: str) -> list[tuple[int, str]]:
    """Samples or steps whose column of D is right where all other columns are zero."""
    found = []
    for pair in pairs(snapshot, name):
        if pair.x is None or pair.numerical.shape[1] < 2:
            continue
        used = np.flatnonzero(np.max(np.abs(pair.given), axis=0) > 1e-8 * np.max(np.abs(pair.numerical)))
        if len(used) == 1 and equal(pair.given[:, used], pair.numerical[:, used]):
            found.append((int(used[0]), pair.label))
    return found
