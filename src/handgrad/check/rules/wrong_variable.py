"""Wrong variable: the gradient of another parameter stands here, or is made with another value of the forward pass."""

from functools import partial

from handgrad.check.evidence import Evidence, Snapshot, equal
from handgrad.check.pairs import inputs, upstream
from handgrad.check.result import Finding
from handgrad.check.rules._words import finding
from handgrad.check.tree import Array


def diagnose(evidence: Evidence) -> Finding | None:
    for name in evidence.wrong:
        for other, value in evidence.problem.point.items():
            alike = other != name and value.shape == evidence.problem.point[name].shape and value.size > 1
            if alike and evidence.predicts(name, partial(_whole, other)):
                text = f"The gradient of {name} is that of {other}: one name stands for the other."
                return finding("wrong-variable", [name], text)
        used = _used(evidence, name)
        if used is not None:
            text = f"The gradient of {name} is made with {used[1]} where {used[0]} belongs."
            return finding("wrong-variable", [name], text)
    return None


def _whole(name: str, snapshot: Snapshot) -> Array | None:
    return snapshot.full(name)


def _used(evidence: Evidence, name: str) -> tuple[str, str] | None:
    """The input X that belongs into dW = D X^T, and the one that was taken, the same at both points."""
    found: set[tuple[str, str]] | None = None
    for snapshot in evidence.snapshots:
        here = set(_fitting(snapshot, name))
        found = here if found is None else found & here
    return sorted(found)[0] if found else None


def _fitting(snapshot: Snapshot, name: str) -> list[tuple[str, str]]:
    full, given = snapshot.full(name), snapshot.given.arrays.get(name)
    if full is None or given is None or full.ndim != 2:
        return []
    values, found = list(inputs(snapshot)), []
    for n, a in ((full, given), (full.T, given.T)):
        for d in upstream(snapshot, len(n)):
            fitting = [(label, x) for label, x in values if x.shape == (n.shape[1], d.shape[1])]
            right = [label for label, x in fitting if equal(d @ x.T, n)]
            taken = [label for label, x in fitting if equal(d @ x.T, a)]
            found += [(one, other) for one in right for other in taken if _base(one) != _base(other)]
    return found


def _base(label: str) -> str:
    """h of h[:-1]: a step more or less is the fault of another rule."""
    return label.split("[", maxsplit=1)[0]
