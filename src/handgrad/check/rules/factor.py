"""Constant factor: a = k n, with the same k at two points."""

from handgrad.check.evidence import MATCH, Evidence
from handgrad.check.result import Finding
from handgrad.check.rules._words import finding, fraction, listed, parallel
from handgrad.check.rules.mean import follows_size


def diagnose(evidence: Evidence) -> Finding | None:
    found: dict[str, float] = {}
    for name in evidence.wrong:
        if evidence.options.resize is not None and follows_size(evidence, name):  # then it is no constant
            continue
        ks = [parallel(snapshot, name) for snapshot in evidence.snapshots]
        first = ks[0]
        if first is None or abs(first + 1) < MATCH or len(ks) < 2:  # the sign is a rule of its own
            continue
        if all(k is not None and abs(k - first) <= MATCH * abs(first) for k in ks):
            found[name] = first
    if not found:
        return None
    k = next(iter(found.values()))
    names = [name for name, each in found.items() if abs(each - k) <= MATCH * abs(k)]
    simple = fraction(k)
    if simple is None:
        also: tuple[str, ...] = ("data-factor",)
    else:  # 5 may be the batch, unless its size is known to be another
        sized = evidence.options.batch or evidence.options.steps or evidence.options.resize
        also = ("mean",) if not sized and 1 in (abs(simple.numerator), simple.denominator) else ()
    text = f"The gradient of {listed(names)} is {simple or f'{k:.6g}'} times the right one, whatever the parameters"
    text += "; multiply it by " + (f"{1 / simple}." if simple else f"{1 / k:.6g}.")
    return finding("factor", names, text, also)
