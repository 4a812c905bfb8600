"""Factor that moves with the data: a = k n at two points, and k is another one at each."""

from handgrad.check.evidence import MATCH, Evidence
from handgrad.check.result import Finding
from handgrad.check.rules._words import finding, parallel
from handgrad.check.words import listed

_FEW = 3  # entries: two small arrays may be parallel by chance, and one number always is


def diagnose(evidence: Evidence) -> Finding | None:
    names, shown = [], ""
    for name in evidence.wrong:
        ks = [parallel(snapshot, name) for snapshot in evidence.snapshots]
        if evidence.problem.point[name].size < _FEW or len(ks) < 2 or None in ks:
            continue
        first, second = ks[0] or 0.0, ks[1] or 0.0
        if abs(first - second) > 10 * MATCH * abs(first):
            names.append(name)
            shown = shown or f"{first:.4g} here, {second:.4g} at another point"
    if not names:
        return None
    text = f"The gradient of {listed(names)} points the right way, but is too long by a factor that moves ({shown}): "
    return finding("data-factor", names, text + "an exponent, or a scalar of the forward pass, is another one.")
