"""Not a fault: rounding of float32. The difference is of the size of the rounding of the loss or of the gradient."""

from handgrad.check.evidence import Evidence
from handgrad.check.result import Finding
from handgrad.check.rules._words import finding
from handgrad.check.words import listed

_SINGLE = 1e-8  # noise of the loss, relative, above which it is no float64's


def diagnose(evidence: Evidence) -> Finding | None:
    names = list(evidence.of_kind("rounding"))
    value = abs(float(evidence.problem.value(evidence.problem.point)))
    single = evidence.noise > _SINGLE * value or evidence.here.given.single or evidence.problem.single
    if not names or not single:
        return None
    text = f"What is computed for {listed(names)} is rounded as in float32, and the difference is no larger than that "
    text += "rounding. Compute in float64 (look for astype(np.float32), dtype=np.float32) and check again."
    return finding("float32-noise", names, text)
