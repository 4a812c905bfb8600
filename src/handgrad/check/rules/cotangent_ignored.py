"""Upstream gradient ignored: the gradient is the same, or not linear, under another cotangent."""

import numpy as np

from handgrad.check.evidence import MATCH, Evidence, LayerEvidence, Snapshot, equal
from handgrad.check.result import Finding
from handgrad.check.rules._words import finding
from handgrad.check.words import listed


def diagnose(evidence: Evidence) -> Finding | None:
    layer = evidence.options.layer
    if layer is None:
        return None
    names = [name for name in evidence.wrong if np.any(evidence.here.a(name)) and _same(evidence, layer, name)]
    if names:
        ones = all(_of_ones(evidence, layer, name) for name in names)
        text = f"The gradient of {listed(names)} does not change with the cotangent: what comes from above is ignored"
        return finding("cotangent-ignored", names, text + (", as if it were all ones." if ones else "."))
    bent = [name for name in layer.not_linear if evidence.judged[name].verdict.verdict == "wrong"]
    if not bent:
        return None
    text = (
        f"The gradient of {listed(bent)} is not linear in the cotangent: it is squared, clipped, or left out somewhere."
    )
    return finding("cotangent-ignored", bent, text)


def _same(evidence: Evidence, layer: LayerEvidence, name: str) -> bool:
    """Whether two other cotangents give what the first gave."""
    for seed in (31, 32):
        rng = np.random.default_rng(seed)
        others = [np.asarray(rng.normal(size=dy.shape)) for dy in layer.cotangents]
        given = layer.problem_under(others).given(evidence.here.point).arrays.get(name)
        if not equal(given, evidence.here.a(name)):
            return False
    return True


def _of_ones(evidence: Evidence, layer: LayerEvidence, name: str) -> bool:
    problem = layer.problem_under([np.ones_like(dy) for dy in layer.cotangents])
    ones = Snapshot(problem, evidence.here.point, evidence.here.given, {}, evidence.noise)
    return ones.n(name).agrees(evidence.here.a(name), MATCH)
