"""Many trainings: every length, rule, method and seed, each the same as the basic run of that seed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from handgrad.data.counting import Sequences, random_sequences
from handgrad.labs.counter import METHODS, RULES, CounterPlan, Rule
from handgrad.labs.counter_directions import Floats
from handgrad.labs.counter_training import Group, Trained, first_weights, max_errors, telling, train
from handgrad.labs.result import Reporter
from handgrad.labs.resuming import training_of

_ROBUST = RULES["robust"]
VARIANTS: dict[str, tuple[Rule, tuple[str, ...]]] = {
    "published": (RULES["published"], METHODS),
    "robust": (_ROBUST, METHODS),
    "robust, not clipped": (replace(_ROBUST, clip=0.0), ("exact",)),
    "robust, no momentum": (replace(_ROBUST, momentum=0.0), ("exact",)),
    "robust, one rate": (replace(_ROBUST, scale="shared"), ("exact",)),
    "robust, published start": (replace(_ROBUST, reach=RULES["published"].reach), ("exact",)),
    "robust, published start, not clipped": (replace(_ROBUST, reach=RULES["published"].reach, clip=0.0), ("exact",)),
}
"""The two settings, and the robust one without each of its parts in turn."""


@dataclass(frozen=True)
class Outcome:
    """What one rule and method came to at one length, over the seeds (S,): the last finite weights (2, S), the largest
    errors on new sequences, and the fates. ``path`` (I + 1, 2) is the way of the first seed."""

    variant: str
    method: str
    length: int
    weights: Floats
    errors: Floats
    fates: tuple[str, ...]
    path: Floats

    def count(self, *fates: str) -> int:
        """How many seeds ended so."""
        return sum(fate in fates for fate in self.fates)

    @property
    def right(self) -> int:
        """How many seeds give the right count everywhere once the output is rounded."""
        return int((self.errors < 0.5).sum())

    def document(self) -> dict[str, Any]:
        """For the JSON document."""
        return {
            "setting": self.variant,
            "method": self.method,
            "length": self.length,
            "seeds": len(self.fates),
            "learned": self.count("learned"),
            "dead": self.count("dead"),
            "diverged": self.count("diverged"),
            "right_rounded": self.right,
            "median_error": float(np.median(self.errors)),
            "max_error": float(self.errors.max()),
        }


@dataclass(frozen=True)
class Outcomes:
    """All of them, ``seconds`` of training, and the sequences of each length, x and t (T, S, N)."""

    all: list[Outcome]
    sequences: dict[int, tuple[Floats, Floats]]
    seconds: float
    interrupted: bool = False

    def of(self, variant: str, method: str, length: int) -> Outcome | None:
        """One of them; None where an interruption left it out."""
        keys = ((each.variant, each.method, each.length) for each in self.all)
        return next((each for each, key in zip(self.all, keys, strict=True) if key == (variant, method, length)), None)

    def by_length(self, variant: str, method: str) -> list[Outcome]:
        """Those of one rule and method, in the order of the lengths."""
        return [each for each in self.all if (each.variant, each.method) == (variant, method)]


def train_all(plan: CounterPlan, lengths: Sequence[int], seeds: int, reporter: Reporter) -> Outcomes:
    """Train every variant at every length with the seeds from the plan's on."""
    found: list[Outcome] = []
    sequences: dict[int, tuple[Floats, Floats]] = {}
    seconds = 0.0
    for steps in lengths:
        plans = [replace(plan, length=steps, seed=plan.seed + i) for i in range(seeds)]
        drawn = [random_sequences(steps, plan.sequences, each.seed) for each in plans]
        new = [random_sequences(steps, plan.test_sequences, each.seed, part=1) for each in plans]
        x, t = (np.stack([each[i] for each in drawn], axis=1) for i in (0, 1))
        sequences[steps] = x, t
        for variant, (rule, methods) in VARIANTS.items():
            starts = [first_weights(replace(each, rule=rule)) for each in plans]
            members = [(m, s, w) for m in methods for s, w in zip(drawn, starts, strict=True)]
            name = f"{steps} steps, {variant}"
            trained = train(
                Group.of(members),
                rule,
                plan.iterations,
                engine=plan.engine,
                angles=False,
                on_iteration=telling(reporter, [], plan.iterations, plan.iterations, name),
                training=training_of(reporter, name),
            )
            seconds += trained.seconds
            if trained.interrupted:
                return Outcomes(found, sequences, seconds, interrupted=True)
            for each in _outcomes(variant, methods, steps, trained, new):
                found.append(each)
                reporter.metrics({"label": f"{variant}: {each.method}"} | each.document())
    return Outcomes(found, sequences, seconds)


def _outcomes(
    variant: str, methods: tuple[str, ...], steps: int, trained: Trained, new: Sequence[Sequences]
) -> list[Outcome]:
    """One for each method: the counters of a group are the seeds of the first method, of the second, ..."""
    seeds = len(new)
    final = trained.final
    errors = np.empty(final.shape[1])
    for i, each in enumerate(new):
        errors[i::seeds] = max_errors(final[:, i::seeds], each)
    fates = trained.fates(errors)
    found = []
    for k, method in enumerate(methods):
        own = slice(k * seeds, (k + 1) * seeds)
        path = trained.weights[:, :, k * seeds]
        found.append(Outcome(variant, method, steps, final[:, own], errors[own], tuple(fates[own]), path))
    return found
