"""Derivatives of the usual activations, from the pre-activation z or from the output y, and where they fit."""

from collections.abc import Callable

import numpy as np

from handgrad.check.evidence import Evidence, equal
from handgrad.check.pairs import alike, pairs
from handgrad.check.tree import Array


def sigmoid(z: Array) -> Array:
    """The logistic function."""
    return np.asarray(1 / (1 + np.exp(-z)))


DERIVATIVES: dict[str, Callable[[Array], Array]] = {
    "sigmoid at pre-activation {}": lambda z: sigmoid(z) * (1 - sigmoid(z)),
    "sigmoid whose output is {}": lambda y: y * (1 - y),
    "tanh at pre-activation {}": lambda z: 1 - np.tanh(z) ** 2,
    "tanh whose output is {}": lambda y: 1 - y**2,
    "ReLU at {}": lambda z: np.asarray(z > 0, dtype=np.float64),
    "exponential whose output is {}": lambda y: y,
    "softplus at pre-activation {}": sigmoid,
}


def times(f: Callable[[Array], Array]) -> Callable[[Array, Array], Array]:
    """a becomes a f(u)."""
    return lambda a, u: a * f(u)


def explained(evidence: Evidence, name: str, mend: Callable[[Array, Array], Array]) -> str | None:
    """The named value u with which ``mend(a, u)`` is the numerical gradient, at both points; None where there is none.

    a and n are the gradient itself, or what is left of it when the layer's input is divided out.
    """
    found: set[str] | None = None
    for snapshot in evidence.snapshots:
        here = set()
        for pair in pairs(snapshot, name):
            if not np.any(pair.given):
                continue
            for label, value in alike(snapshot, pair.given.shape):
                with np.errstate(all="ignore"):
                    candidate = mend(pair.given, value)
                if equal(candidate, pair.numerical) and not equal(pair.given, pair.numerical):
                    here.add(label)
        found = here if found is None else found & here
        if not found:
            return None
    return sorted(found)[0] if found else None
