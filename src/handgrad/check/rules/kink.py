"""Not a fault: a kink. The derivatives from the left and from the right differ here."""

from handgrad.check.evidence import Evidence
from handgrad.check.result import Finding
from handgrad.check.rules._words import finding
from handgrad.check.words import listed


def diagnose(evidence: Evidence) -> Finding | None:
    names = [name for name in evidence.of_kind("kink") if evidence.judged[name].verdict.verdict == "inconclusive"]
    if not names:
        return None
    text = f"The loss has a kink in {listed(names)} at this very point (a ReLU at 0, a maximum of equals): there is no "
    there = evidence.there
    beside = there is not None and all(there.agreement(name) is True for name in names)
    text += "derivative to compare with. "
    text += "At a random point beside it the gradient is right." if beside else "Check at random parameters."
    return finding("kink", names, text)
