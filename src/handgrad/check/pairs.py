"""Gradients taken apart: of a weight with dW = D X^T, the D that is left when a named value X is divided out.

D is where an activation's derivative, a dropped sample or a missing time step shows, one column per sample or step.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from handgrad.check.evidence import Evidence, Snapshot, equal
from handgrad.check.tree import Array


@dataclass(frozen=True)
class Pair:
    """A gradient before it was multiplied with the layer's input: ``given`` and ``numerical``, rows x samples.

    Of a weight with dW = D X^T, D; of a value that is itself the parameter (an input of a layer), its gradient.
    """

    label: str  # the name of X; "" where nothing was taken apart
    given: Array
    numerical: Array
    x: Array | None = None  # X, features x samples
    turned: bool = False  # whether the parameter is X D^T


def pairs(snapshot: Snapshot, name: str) -> Iterator[Pair]:
    """The gradient itself, and what is left of it when a named value X of the forward pass is divided out."""
    full = snapshot.full(name)
    if full is None or name not in snapshot.given.arrays:
        return
    given = snapshot.a(name)
    yield Pair("", given, full)
    if full.ndim != 2:
        return
    for turned in (False, True):
        a, n = (given.T, full.T) if turned else (given, full)
        for label, x, d in _divided(snapshot, n):
            d_a = a @ np.linalg.pinv(x.T)
            if not np.any(a) or equal(d_a @ x.T, a):
                yield Pair(label, d_a, d, x, turned)


def sharing(evidence: Evidence, name: str) -> list[str]:
    """Other wrong parameters that are spoiled by the same D as ``name``: biases (D summed), weights of other inputs."""
    found = []
    for other in evidence.wrong:
        if other != name and all(_shares(snapshot, name, other) for snapshot in evidence.snapshots):
            found.append(other)
    return found


def _shares(snapshot: Snapshot, name: str, other: str) -> bool:
    full, given = snapshot.full(other), snapshot.given.arrays.get(other)
    if full is None or given is None:
        return False
    for pair in pairs(snapshot, name):
        if pair.x is None:
            continue
        if full.ndim == 1 and equal(pair.numerical.sum(axis=1), full) and equal(pair.given.sum(axis=1), given):
            return True
        fitting = [x for _, x in inputs(snapshot) if x.shape[1] == pair.numerical.shape[1]]
        if any(equal(pair.numerical @ x.T, full) and equal(pair.given @ x.T, given) for x in fitting):
            return True
    return False


def upstream(snapshot: Snapshot, rows: int) -> list[Array]:
    """Every D, rows x samples, that the right gradient of some weight gives."""
    found: list[Array] = []
    for name, value in snapshot.point.items():
        full = snapshot.full(name) if value.ndim == 2 and rows in value.shape else None
        if full is not None:
            found += [d for n in (full, full.T) if len(n) == rows for _, _, d in _divided(snapshot, n)]
    return found


def _divided(snapshot: Snapshot, n: Array) -> Iterator[tuple[str, Array, Array]]:
    """Names, X and D of n = D X^T, for every named value X that fits."""
    for label, x in inputs(snapshot):
        fits = x.shape[0] == n.shape[1] and np.all(np.isfinite(x))
        if fits and np.linalg.matrix_rank(x) == x.shape[1]:
            d = n @ np.linalg.pinv(x.T)
            if equal(d @ x.T, n):
                yield label, x, d


def inputs(snapshot: Snapshot) -> Iterator[tuple[str, Array]]:
    """Named values as features x samples, with every axis in turn as the features. Time steps count as samples.

    A sequence also comes without its last and without its first step, as h_0 ... h_T holds both h_(t-1) and h_t.
    """
    for label, value in snapshot.values.items():
        if value.ndim == 1:
            yield label, value[:, None]
            continue
        parts = {label: value}
        if len(value) > 2:
            parts |= {f"{label}[:-1]": value[:-1], f"{label}[1:]": value[1:]}
        for name, part in parts.items():
            for axis in range(part.ndim):
                yield name, flat(part, axis)


def flat(value: Array, axis: int) -> Array:
    """``value`` as features x samples: one axis first, the others one after another."""
    return np.moveaxis(value, axis, 0).reshape(value.shape[axis], -1)


def alike(snapshot: Snapshot, shape: tuple[int, ...]) -> Iterator[tuple[str, Array]]:
    """Named values that have a shape, as they are or as features x samples."""
    for label, value in snapshot.values.items():
        if value.shape == shape:
            yield label, value
        elif len(shape) == 2:
            for axis in range(value.ndim):
                if flat(value, axis).shape == shape:
                    yield label, flat(value, axis)
