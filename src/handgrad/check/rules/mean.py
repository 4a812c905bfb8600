"""Mean over the batch or over time missing, or taken twice: a = k n with k = B, 1/B, T or 1/T.

Only the number of samples or steps, or the same problem at other sizes, tells k = 5 from a batch of 5.
"""

from handgrad.check.evidence import MATCH, Evidence
from handgrad.check.result import Finding
from handgrad.check.rules._words import finding, gradients_of, parallel

_POWERS = (1, -1, 2, -2)
_WORDS = {"batch": "the batch", "steps": "the time steps"}


def diagnose(evidence: Evidence) -> tuple[Finding, ...]:
    found: list[Finding] = []
    left = list(evidence.wrong)
    for which in ("batch", "steps"):
        for power in _POWERS:
            names = [name for name in left if _follows(evidence, name, which, power)]
            left = [name for name in left if name not in names]
            one = _finding(evidence, names, which, power) if names else None
            found += [one] if one is not None else []
    return tuple(found)


def _finding(evidence: Evidence, names: list[str], which: str, power: int) -> Finding | None:
    letter, over = which[0].upper() if which == "batch" else "T", _WORDS[which]
    size = letter if abs(power) == 1 else f"{letter}^{abs(power)}"
    if power > 0:
        text = f"{gradients_of(evidence, names)} is {size} times the right one: the division by {letter}"
        text += f", which a mean over {over} needs, is missing"
    else:
        text = (
            f"{gradients_of(evidence, names)} is the right one divided by {size}: a mean over {over} is taken too often"
        )
    tested = evidence.options.resize is not None
    text += ", and the factor follows when their number changes." if tested else "."
    return finding("mean", names, text, () if tested else ("factor",))


def follows_size(evidence: Evidence, name: str) -> bool:
    """Whether the factor is some power of the number of samples or steps."""
    return any(_follows(evidence, name, which, power) for which in _WORDS for power in _POWERS)


def _follows(evidence: Evidence, name: str, which: str, power: int) -> bool:
    """Whether k is the number to the power, at every size that can be had."""
    known = {"batch": evidence.options.batch, "steps": evidence.options.steps}[which]
    if evidence.options.resize is not None:
        sizes = [(n, evidence.resized(**{which: n})) for n in (2, 3, 5)]
        usable = [(n, each) for n, each in sizes if each is not None]
        ks = [(n, parallel(each, name)) for n, each in usable if name in each.point]
        return len(ks) == len(sizes) and all(k is not None and abs(k / n**power - 1) < MATCH for n, k in ks)
    if known is None or known < 2:
        return False
    ks = [(known, parallel(snapshot, name)) for snapshot in evidence.snapshots]
    return all(k is not None and abs(k / n**power - 1) < MATCH for n, k in ks)
