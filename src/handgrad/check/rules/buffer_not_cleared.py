"""Buffer not cleared: a second call gives more than the first, by exactly the gradient."""

from handgrad.check.evidence import MATCH, Evidence
from handgrad.check.result import Finding
from handgrad.check.rules._words import finding
from handgrad.check.words import listed


def diagnose(evidence: Evidence) -> Finding | None:
    names = adding(evidence)
    if not names:
        return None
    text = f"A second call adds the gradient of {listed(names)} to what the first one left: the buffer is not cleared "
    return finding("buffer-not-cleared", names, text + "at the start of the call.")


def adding(evidence: Evidence) -> list[str]:
    """Parameters of which a second call gives more than the first by the right gradient."""
    first, second = evidence.here.given.arrays, evidence.second.arrays
    return [
        name
        for name in first
        if name in second
        and evidence.judged[name].verdict.verdict == "wrong"
        and evidence.here.n(name).agrees(second[name] - first[name], MATCH)
        and _elsewhere(evidence, name)
    ]


def _elsewhere(evidence: Evidence, name: str) -> bool:
    """The same at the second point."""
    there = evidence.there
    if there is None or name not in there.given.arrays:
        return True
    again = there.second.arrays.get(name)
    return again is not None and there.n(name).agrees(again - there.given.arrays[name], MATCH)
