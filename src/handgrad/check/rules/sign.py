"""Sign flipped: a = -n."""

from handgrad.check.evidence import Evidence
from handgrad.check.result import Finding
from handgrad.check.rules._words import finding, gradients_of


def diagnose(evidence: Evidence) -> Finding | None:
    names = [name for name in evidence.wrong if evidence.mends(name, lambda a, _: -a)]
    return finding(
        "sign", names, f"{gradients_of(evidence, names)} has the wrong sign: its negative is right." if names else ""
    )
