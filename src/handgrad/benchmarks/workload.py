"""What a workload is made of: cases to measure, bars to reach, and problems that every side solves in the same way.

A workload is a module of this package, under its own name, with

- ``TITLE``: one line that says what is trained;
- ``cases(quick) -> list[Case]``: what is measured, in order;
- ``BARS``: what handgrad is meant to reach;
- ``PEERS``, where the sides are others than usual: those of each library;
- ``problem(settings) -> problem``: data, first parameters and order of one case, the same in every process;
- ``reference_loss(problem, parameters) -> float``: the loss of all samples, in float64.

Each ``peers_<side>.py`` holds, in its ``TRAINERS``, how that side solves the workload's problems.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from handgrad.layers._types import Array

Integers = np.ndarray[Any, np.dtype[np.int64]]

LOSS_TOLERANCE = 1e-4  # relative, after one epoch from the same parameters
MOVE_TOLERANCE = 1e-2  # difference of the ways that the parameters went, relative to the way: float32 rounds W, not dW
_PROJECTIONS = 4


@dataclass(frozen=True)
class Case:
    """One network with its data. ``settings`` go to the workload's ``problem``, as JSON.

    ``axes``: along which the crossover is searched, and the case's size there, for example {"batch size": 32}.
    ``beyond``: no bar stands there; it is measured for the crossover alone.
    ``without``: names of sides that have nothing to show here.
    """

    name: str
    settings: dict[str, Any]
    axes: dict[str, int] = field(default_factory=dict)
    beyond: bool = False
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Samples:
    """What a network is trained on: ``x`` and ``t`` (samples, ...), the first ``parameters`` from the first layer to
    the last, and how: ``batch`` samples a step, at the learning rate ``lr``."""

    x: Array
    t: np.ndarray[Any, Any]
    parameters: list[Array]
    batch: int
    lr: float
    seed: int = 1

    @property
    def online(self) -> bool:
        """Whether a step is taken after every sample."""
        return self.batch == 1

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return len(self.x) // self.batch

    def orders(self, epochs: int) -> Iterator[Integers]:
        """The order of the samples in each epoch, as ``fit`` draws it from ``seed``; made as the epoch begins."""
        rng = np.random.default_rng(self.seed)
        for _ in range(epochs):
            yield rng.permutation(len(self.x))


@dataclass(frozen=True)
class Bar:
    """handgrad is meant to be at least ``at_least`` times as fast as ``peer``, with as many threads on both sides; or,
    ``of="memory"``, to need at most 1 / ``at_least`` of its memory."""

    case: str
    peer: str
    at_least: float
    of: str = "time"


@dataclass(frozen=True)
class Side:
    """One way to train: a module ``peers_<library>``, and options for its trainer. ``name`` stands in the tables."""

    name: str
    library: str
    options: dict[str, Any] = field(default_factory=dict)


OURS = Side("handgrad", "handgrad")
# Two steps in the body of JAX's scan spare it a copy of all parameters in each: the same loop, written for speed.
# Without a loop over time (flat), XLA sees all steps of a sequence at once.
PEERS: dict[str, tuple[Side, ...]] = {
    "numpy": (Side("numpy", "numpy"),),
    "torch": (Side("torch", "torch"),),
    "jax": (Side("jax", "jax"), Side("jax-unroll2", "jax", {"unroll": 2}), Side("jax-flat", "jax", {"flat": True})),
}


class Trainer(Protocol):
    """One side's network and data, ready to train. Everything that a user would do once is done before ``train``."""

    def reset(self) -> None:
        """Put the problem's first parameters back."""
        ...

    def train(self, epochs: int) -> None:
        """Train for so many epochs, in the problem's order; every result is there when this returns."""
        ...

    def parameters(self) -> list[Array]:
        """The parameters now, in the problem's order and shapes."""
        ...


@dataclass(frozen=True)
class Fingerprint:
    """Where an epoch led: the loss, how far the parameters went, and that way seen from a few random directions."""

    loss: float
    moved: float
    projections: tuple[float, ...]


def fingerprint(loss: float, before: list[Array], after: list[Array]) -> Fingerprint:
    """The fingerprint of a training that changed the parameters ``before`` into ``after``."""
    ways = [np.asarray(b, dtype=np.float64) - a for a, b in zip(before, after, strict=True)]
    moved = float(np.sqrt(sum(float((way**2).sum()) for way in ways)))
    projections = []
    for seed in range(_PROJECTIONS):
        rng = np.random.default_rng(seed)
        projections.append(float(sum(float((rng.standard_normal(way.shape) * way).sum()) for way in ways)))
    return Fingerprint(float(loss), moved, tuple(projections))


def disagreement(ours: Fingerprint, theirs: Fingerprint) -> str:
    """A sentence that says how ``theirs`` differs from ``ours``, or "" where they are the same up to rounding."""
    error = abs(theirs.loss - ours.loss) / max(abs(ours.loss), 1e-30)
    if not error <= LOSS_TOLERANCE:
        return f"the loss after one epoch is {theirs.loss:.6g}, ours {ours.loss:.6g}: relative difference {error:.1e}"
    pairs = zip(theirs.projections, ours.projections, strict=True)
    apart = max([abs(theirs.moved - ours.moved), *(abs(a - b) for a, b in pairs)])
    error = apart / max(ours.moved, 1e-30)
    if not error <= MOVE_TOLERANCE:
        return f"the parameters went another way in one epoch: relative difference {error:.1e}"
    return ""


Build = Callable[..., Trainer]
