"""Transpose: a = n^T, in the square case, or as an error of shape."""

from handgrad.check.evidence import MATCH, Evidence
from handgrad.check.result import Finding
from handgrad.check.rules._words import finding
from handgrad.check.words import listed


def diagnose(evidence: Evidence) -> Finding | None:
    names = [
        name
        for name in evidence.wrong
        if evidence.problem.point[name].ndim == 2 and evidence.mends(name, lambda a, _: a.T)
    ]
    names += [name for name in evidence.of_kind("shape") if _by_shape(evidence, name)]
    if not names:
        return None
    text = (
        f"The gradient of {listed(names)} is transposed: its transpose is right, so the operands of the product stand "
    )
    return finding("transpose", names, text + "in the wrong order or one of them is transposed once too often.")


def _by_shape(evidence: Evidence, name: str) -> bool:
    raw = evidence.here.given.raw.get(name)
    return raw is not None and raw.ndim == 2 and evidence.here.n(name).agrees(raw.T, MATCH)
