"""Not a fault: an objective that sees nothing. Both derivatives are zero."""

from handgrad.check.evidence import Evidence
from handgrad.check.result import Finding
from handgrad.check.rules._words import finding
from handgrad.check.words import listed


def diagnose(evidence: Evidence) -> Finding | None:
    names = list(evidence.of_kind("blind"))
    if not names:
        return None
    text = (
        f"The loss does not depend on {listed(names)} here (as the sum of a softmax does not, or a unit that is off): "
    )
    text += "a gradient of zero is right, and proves nothing. Weigh the outputs with random numbers, or use other data."
    return finding("blind-objective", names, text)
