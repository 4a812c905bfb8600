"""Training of counters, many side by side: the three methods of one run, or the seeds of a study.

Shapes: weights (2, R), w_rec above w_x, of R counters; x and t (T, R, N).
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from handgrad.data.counting import Sequences
from handgrad.labs.counter import LEARNED, METHODS, CounterPlan, Rule
from handgrad.labs.counter_directions import PUBLISHED, Exact, Floats, angle, count
from handgrad.labs.result import Reporter
from handgrad.network.engine import EngineName
from handgrad.training.checkpoints import Training
from handgrad.training.optimizers.sgd import sgd_update

TOO_LARGE = 1e60
"""A counter with a state above this has diverged: the squares of the next steps would not be finite."""

_SETTLED = 1e-9  # where no training output is further from its target, directions are rounding errors
_PROGRESS_STEPS = 50
_TEST_NUMBERS = 4_000_000  # bits of new sequences that are counted at a time


@dataclass(frozen=True)
class Group:
    """R counters to be trained side by side: the method of each (R,), its sequences and its first weights."""

    methods: tuple[str, ...]
    x: Floats
    t: Floats
    start: Floats

    @classmethod
    def of(cls, members: Sequence[tuple[str, Sequences, Floats]]) -> "Group":
        """From a method, sequences and first weights (2,) for each; all sequences of one size."""
        methods, sequences, starts = zip(*members, strict=True)
        x, t = (np.stack([each[i] for each in sequences], axis=1) for i in (0, 1))
        return cls(tuple(methods), x, t, np.stack(starts, axis=1))


@dataclass(frozen=True)
class Trained:
    """What came of a group, before the first step and after each: ``weights`` (I + 1, 2, R) and ``loss`` (I + 1, R), E
    summed over steps and sequences, NaN from a divergence on (but for the first weights); ``angles`` (I + 1, 2, R),
    degrees from the exact gradient to the two published directions, at the place where each counter stands, NaN where
    there is none.
    """

    group: Group
    weights: Floats
    loss: Floats
    angles: Floats
    seconds: float
    interrupted: bool = False

    @property
    def iterations(self) -> int:
        """How many steps were taken."""
        return len(self.weights) - 1

    @property
    def diverged(self) -> "np.ndarray[Any, np.dtype[np.bool_]]":
        """Which counters (R,) left the finite numbers."""
        return np.asarray(np.isnan(self.loss[-1]))

    @property
    def last_finite(self) -> "np.ndarray[Any, np.dtype[np.intp]]":
        """Iterations (R,) after which each counter was last finite."""
        return np.asarray(np.maximum(np.isfinite(self.loss).sum(axis=0) - 1, 0))

    @property
    def final(self) -> Floats:
        """The last finite weights (2, R)."""
        return np.stack([self.weights[i, :, r] for r, i in enumerate(self.last_finite)], axis=1)

    def fates(self, errors: Floats) -> list[str]:
        """How each ended, from its largest errors on new sequences (R,): learned, diverged, dead (it answers 0 to every
        training sequence and has no gradient), or "not learned"."""
        states = count(self.final, self.group.x)
        silent = np.asarray(~states.d.any(axis=(0, 2)) & self.group.x.any(axis=(0, 2)))
        fates = []
        for error, diverged, dead in zip(errors, self.diverged, silent, strict=True):
            fate = "diverged" if diverged else "learned" if error < LEARNED else "dead" if dead else "not learned"
            fates.append(fate)
        return fates


def rates(rule: Rule, length: int, sequences: int) -> Floats:
    """The rate (2, 1) of w_rec and of w_x.

    With ``scale`` "length", ``rate`` is divided by what the weight's curvature is at (1, 1) for sequences of ones, the
    largest that there is: there s_n = n, and ds_n/dw_x = n, ds_n/dw_rec = n (n - 1) / 2 for n = 1 .. T. In units
    of these the trace of the Hessian is at most 2, so steps come closer at rates below 1 + momentum. "shared": both
    weights have the rate that the sum of the two bounds allows, in which w_rec has nearly all.
    """
    if rule.scale == "none":
        return np.full((2, 1), rule.rate)
    n = np.arange(1, length + 1, dtype=np.float64)
    rec, inp = max(1.0, ((n * (n - 1) / 2) ** 2).sum()), (n**2).sum()
    if rule.scale == "shared":
        rec = inp = rec + inp
    return rule.rate / (sequences * np.array([[rec], [inp]]))


def first_weights(plan: CounterPlan) -> Floats:
    """The weights (2,) that the plan begins with: its ``start``, or uniform in [0, reach), by its seed."""
    if plan.start is not None:
        return np.array(plan.start)
    return np.random.default_rng(plan.seed).uniform(0, plan.rule.reach, 2)


class _Record:
    """The arrays of ``Trained`` as they fill."""

    def __init__(self, group: Group, iterations: int, wanted: Sequence[str]) -> None:
        counters = len(group.methods)
        self.weights = np.full((iterations + 1, 2, counters), np.nan)
        self.loss = np.full((iterations + 1, counters), np.nan)
        self.angles = np.full((iterations + 1, 2, counters), np.nan)
        self.done = 0  # entries that are filled
        self.wanted = [name for name in PUBLISHED if name in wanted]  # directions besides the exact one
        self.running = np.ones(counters, dtype=bool)  # the others have diverged
        self.now = group.start.copy()  # the weights after the steps that were taken
        self.velocity: tuple[Any, ...] = ()
        self.seconds = 0.0  # until now
        self._since = time.perf_counter()

    def clock(self) -> float:
        """Seconds of training until now."""
        return self.seconds + time.perf_counter() - self._since

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        filled = {name: getattr(self, name)[: self.done] for name in ("weights", "loss", "angles")}
        own = {"running": self.running, "now": self.now, "velocity": list(self.velocity), "done": self.done}
        return filled | own | {"seconds": self.clock()}

    def restore(self, saved: dict[str, Any]) -> None:
        """From a checkpoint."""
        for name in ("weights", "loss", "angles"):
            getattr(self, name)[: saved["done"]] = saved[name]
        self.running, self.now, self.velocity = saved["running"], saved["now"], tuple(saved["velocity"])
        self.done, self.seconds = saved["done"], saved["seconds"]


def train(
    group: Group,
    rule: Rule,
    iterations: int,
    *,
    engine: EngineName = "compiled",
    angles: bool = True,
    on_iteration: Callable[[int, Floats, Floats], Any] = lambda i, weights, loss: None,
    training: Training | None = None,
) -> Trained:
    """Descend ``iterations`` steps by each counter's method. ``on_iteration(i, weights, loss)`` is told before the
    first step (i = 0) and after each. Without ``angles`` only the directions are computed that are taken. Ctrl-C ends
    the training early, and is told in the result; so is divergence. ``training`` makes checkpoints."""
    record = _Record(group, iterations, tuple(PUBLISHED) if angles else group.methods)
    exact = Exact(group.x, group.t, engine)
    interrupted = False
    try:
        with np.errstate(over="ignore", invalid="ignore"), training or Training(None) as kept:
            kept.attach("counters", record.state, record.restore)
            _descend(group, rule, record, exact, on_iteration, kept)
    except KeyboardInterrupt:
        interrupted = True
    n = max(record.done, 1)
    if not record.done:
        record.weights[0], record.loss[0] = group.start, _loss(count(group.start, group.x).s, group.t)
    return Trained(group, record.weights[:n], record.loss[:n], record.angles[:n], record.clock(), interrupted)


def _descend(
    group: Group,
    rule: Rule,
    record: _Record,
    exact: Callable[[Floats], Floats],
    on_iteration: Callable[[int, Floats, Floats], Any],
    training: Training,
) -> None:
    steps, _, sequences = group.x.shape
    rate = rates(rule, steps, sequences)
    methods = np.array(group.methods)
    zero = np.zeros_like(group.start)
    if rule.momentum and not record.velocity:
        record.velocity = (zero,)
    for i in range(record.done, len(record.weights)):
        directions = _look(group, record, i, record.now, exact)
        on_iteration(i, record.weights[i], record.loss[i])
        record.done = i + 1
        direction = np.select([methods == name for name in METHODS], [directions.get(name, zero) for name in METHODS])
        step = _clipped(rate * direction, rule.clip)
        moved, record.velocity = sgd_update(record.now, step, record.velocity, i + 1, 1.0, rule.momentum, False)
        record.now = np.where(record.running, moved, 0.0)
        training.step()


def _look(
    group: Group, record: _Record, i: int, weights: Floats, exact: Callable[[Floats], Floats]
) -> dict[str, Floats]:
    """Note where every counter stands, and return the directions (2, R) of all methods there; those of a counter that
    has diverged are those of the weights 0, for the network computes all of them together."""
    states = count(weights, group.x)
    largest = np.abs(states.s).max(axis=(0, 2))
    record.running &= np.isfinite(weights).all(axis=0) & (largest < TOO_LARGE)  # a NaN is not below it
    weights = np.where(record.running, weights, 0.0)
    states = count(weights, group.x)
    record.weights[i] = np.where(record.running, weights, np.nan) if i else group.start
    record.loss[i] = np.where(record.running, _loss(states.s, group.t), np.nan)
    directions = {"exact": exact(weights)}
    moving = record.running & (np.abs(states.s[:-1] - group.t).max(axis=(0, 2)) > _SETTLED)
    for name in record.wanted:
        directions[name] = PUBLISHED[name](weights, group.x, group.t, states)
        record.angles[i, list(PUBLISHED).index(name)] = np.where(
            moving, angle(directions["exact"], directions[name]), np.nan
        )
    return directions


def _loss(s: Floats, t: Floats) -> Floats:
    """E of each counter (R,)."""
    return np.asarray(((s[:-1] - t) ** 2).sum(axis=(0, 2)) / 2)


def _clipped(step: Floats, longest: float) -> Floats:
    """Every counter's step (2, R), shortened to ``longest`` where that is not 0."""
    if not longest:
        return step
    norm = np.sqrt((step**2).sum(axis=0))
    return np.where(norm > longest, step * (longest / np.maximum(norm, longest)), step)


def max_errors(weights: Floats, new: Sequences) -> Floats:
    """Largest |s_n - t_n| (R,) of the counters with ``weights`` (2, R), over all steps of the sequences ``new``."""
    counters = weights.shape[1]
    part = max(1, _TEST_NUMBERS // (len(new.x) * counters))
    found = np.zeros(counters)
    for first in range(0, new.x.shape[1], part):
        x, t = (each[:, None, first : first + part] for each in new)
        s = count(weights, np.broadcast_to(x, (len(x), counters, x.shape[2]))).s[:-1]
        found = np.maximum(found, np.abs(s - t).max(axis=(0, 2)))  # NaN stays
    return found


def telling(
    reporter: Reporter, labels: Sequence[str], iterations: int, log_every: int, text: str = ""
) -> Callable[[int, Floats, Floats], None]:
    """A function for ``train`` that hands every ``log_every`` iterations, the first and the last, to ``reporter``: a
    record for each of ``labels``, those of the counters; none for an empty label."""
    every = max(1, iterations // _PROGRESS_STEPS)

    def tell(i: int, weights: Floats, loss: Floats) -> None:
        if i % log_every == 0 or i == iterations:
            for r, label in enumerate(labels):
                if label:
                    w_rec, w_x = (float(w) for w in weights[:, r])
                    reporter.metrics(
                        {"label": label, "iteration": i, "loss": float(loss[r]), "w_rec": w_rec, "w_x": w_x}
                    )
        if i % every == 0 or i == iterations:
            reporter.progress(i, max(1, iterations), text)

    return tell
