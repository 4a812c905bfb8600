"""Constant factor: a = k n, with the same k at two points."""

from handgrad.check.evidence import MATCH, Evidence
from handgrad.check.reach import length_in_words
from handgrad.check.result import Finding
from handgrad.check.rules._words import finding, fraction, gradients_of, parallel
from handgrad.check.rules.mean import follows_size


def diagnose(evidence: Evidence) -> tuple[Finding, ...]:
    groups: list[tuple[float, list[str]]] = []
    for name in evidence.wrong:
        k = _constant(evidence, name)
        if k is None:
            continue
        group = next((names for other, names in groups if abs(other - k) <= MATCH * abs(k)), None)
        if group is None:
            groups.append((k, [name]))
        else:
            group.append(name)
    found = [_finding(evidence, names, k) for k, names in groups]
    return tuple(each for each in found if each is not None)


def _constant(evidence: Evidence, name: str) -> float | None:
    """k, if it is the same at both points, and neither a sign nor a number of samples that was seen to be one."""
    if evidence.options.resize is not None and follows_size(evidence, name):
        return None
    ks = [parallel(snapshot, name) for snapshot in evidence.snapshots]
    first = ks[0]
    if first is None or abs(first + 1) < MATCH or len(ks) < 2:
        return None
    return first if all(k is not None and abs(k - first) <= MATCH * abs(first) for k in ks) else None


def _finding(evidence: Evidence, names: list[str], k: float) -> Finding | None:
    simple = fraction(k)
    sized = evidence.options.batch or evidence.options.steps or evidence.options.resize
    length = "" if sized else _length(evidence, k)
    if simple is None and not length:
        also: tuple[str, ...] = ("data-factor",)
    else:  # 5 may be the batch, unless its size is known to be another
        whole = simple is not None and 1 in (abs(simple.numerator), simple.denominator)
        also = ("mean",) if length or (not sized and whole) else ()
    times, back = (str(simple), str(1 / simple)) if simple is not None else (f"{k:.6g}", f"{1 / k:.6g}")
    if length:
        size = round(max(k, 1 / k))
        times, back = (str(size), f"1/{size}") if k > 1 else (f"1/{size}", str(size))
    text = f"{gradients_of(evidence, names)} is {times} times the right one, whatever the parameters; "
    text += f"multiply it by {back}."
    if length:
        trouble = "is missing" if k > 1 else "is made once too often"
        text += f" {length}: most likely the division by that number {trouble}."
    return finding("factor", names, text, also)


def _length(evidence: Evidence, k: float) -> str:
    """Which arrays that the loss reads are as long as the factor, or its inverse, is large."""
    size = max(k, 1 / k) if k > 0 else 0.0
    if abs(size - round(size)) > MATCH * size:
        return ""
    shapes = [each.shape for each in evidence.problem.point.values()]
    return length_in_words(evidence.problem.loss, round(size), shapes)
