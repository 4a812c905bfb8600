"""What the studies share: several trainings of each kind, side by side, and what came of them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import mean, stdev
from typing import Any

import numpy as np

from handgrad.labs.lenet import LenetPlan, LenetSettings
from handgrad.labs.lenet_links import Links
from handgrad.labs.lenet_maps import parameters_by_layer
from handgrad.labs.lenet_training import divide, load, measure, train
from handgrad.labs.result import LabResult, Picture, Reporter, Table

SEEDS = 3
"""Trainings of each kind, from as many seeds: the one that was given, and those after it."""

EPOCHS = {"digits": 30, "mnist": 4}
"""Of a study: shorter on MNIST than the lab's own."""


@dataclass(frozen=True)
class Kind:
    """What is compared: a plan, and the link table of each of its trainings."""

    name: str
    plan: LenetPlan
    tables: tuple[Links, ...]


@dataclass(frozen=True)
class Outcome:
    """One training. ``accuracies``: of the test images, after each epoch; the last is that of the end. ``error``: the
    sentence of a divergence."""

    seed: int
    accuracies: tuple[float, ...]
    test_accuracy: float
    test_loss: float
    parameters: tuple[int, ...]
    links: int
    seconds: float
    images_per_second: float
    error: str = ""


@dataclass
class Group:
    """The trainings of a kind; fewer than planned after Ctrl-C."""

    kind: Kind
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Of the kind."""
        return self.kind.name

    def mean(self, quantity: str) -> float:
        """Over the trainings."""
        return float(mean(getattr(each, quantity) for each in self.outcomes))

    @property
    def spread(self) -> float:
        """Standard deviation of the test accuracy between the trainings; NaN of a single one."""
        return stdev(each.test_accuracy for each in self.outcomes) if len(self.outcomes) > 1 else math.nan


def train_kinds(
    settings: LenetSettings, kinds: Sequence[Kind], reporter: Reporter
) -> tuple[list[Group], dict[str, int], bool]:
    """Train every kind ``SEEDS`` times. Returns the groups with a finished training, the numbers of images by part, and
    whether Ctrl-C was pressed; then nothing further is trained."""
    plan = kinds[0].plan
    dataset = load(plan, reporter)
    parts = divide(plan, dataset)
    counts = {name: len(part.x) for name, part in parts.items()}
    groups = [Group(kind) for kind in kinds]
    reporter.say(
        f"{dataset.name}: {counts['training']:,} training images; {len(kinds)} kinds of network, {SEEDS} trainings "
        f"of {plan.epochs} epochs each"
    )
    interrupted = False
    for k, group in ((k, group) for k in range(SEEDS) for group in groups):
        seeded = replace(group.kind.plan, seed=plan.seed + k)
        table = group.kind.tables[k]
        trained = train(seeded, dataset, table, reporter, parts=parts, label=f"{group.name}, seed {seeded.seed}")
        if trained.interrupted:
            interrupted = True
            break
        test = measure(trained.network, parts["test"], plan.engine)
        group.outcomes.append(
            Outcome(
                seeded.seed,
                tuple(record["test_accuracy"] for record in trained.records),
                test.accuracy,
                test.loss,
                tuple(parameters_by_layer(trained.network)),
                int(table.sum()),
                trained.seconds,
                trained.images_per_second,
                trained.error,
            )
        )
    return [group for group in groups if group.outcomes], counts, interrupted


def comparison_table(groups: Sequence[Group], counts: Mapping[str, int], what: str) -> Table:
    """A row for each kind: accuracy, time, parameters."""
    rows = []
    for group in groups:
        accuracies = [100 * each.test_accuracy for each in group.outcomes]
        first = group.outcomes[0]
        rows.append(
            (
                group.name,
                first.links,
                sum(first.parameters),
                first.parameters[2],
                f"{mean(accuracies):.2f}",
                f"{min(accuracies):.2f} to {max(accuracies):.2f}",
                group.mean("seconds"),
                round(group.mean("images_per_second")),
            )
        )
    columns = (what, "links", "parameters", "of C3", "test accuracy [%]", "from to", "seconds", "images a second")
    epochs = groups[0].kind.plan.epochs
    long = f"{epochs} epoch{'' if epochs == 1 else 's'}"
    title = f"{what[0].upper()}{what[1:]}: {long}, {counts['training']:,} training images"
    note = (
        f"Mean of {len(groups[0].outcomes)} trained with different seeds, worst and best; of {counts['test']:,} test "
        f"images one is {100 / counts['test']:.2g} points. Seconds: of a training."
    )
    return Table("comparison", title, columns, tuple(rows), note, digits=3)


def compared(one: Group, other: Group) -> str:
    """How far two means are apart, and whether that is more than chance between trainings explains."""
    gap = 100 * (one.mean("test_accuracy") - other.mean("test_accuracy"))
    text = f"{one.name} minus {other.name}: {gap:+.2f} points of test accuracy"
    n, m = len(one.outcomes), len(other.outcomes)
    if min(n, m) < 2:
        return text + "."
    error = 100 * math.sqrt(one.spread**2 / n + other.spread**2 / m)
    told = "more than twice" if abs(gap) > 2 * error else "not more than twice"
    return f"{text}, with a standard error of {error:.2f} between trainings: {told} that."


def study_result(
    settings: LenetSettings,
    plan: LenetPlan,
    groups: Sequence[Group],
    counts: Mapping[str, int],
    interrupted: bool,
    what: str,
    **chosen: Any,
) -> LabResult:
    """The result with its JSON document, table and curves. ``chosen``: the settings that the study varies itself."""
    document = {
        "lab": "lenet",
        "study": settings.study,
        "engine": plan.engine,
        "seed": plan.seed,
        "settings": plan.filled(settings) | chosen,
        "images": dict(counts),
        "train_seconds": sum(each.seconds for group in groups for each in group.outcomes),
        "trainings": [
            {
                "name": group.name,
                "seed": each.seed,
                "links": each.links,
                "parameters": list(each.parameters),
                "test_accuracy": each.test_accuracy,
                "test_loss": each.test_loss,
                "train_seconds": each.seconds,
                "images_per_second": each.images_per_second,
                "diverged": bool(each.error),
            }
            for group in groups
            for each in group.outcomes
        ],
    }
    result = LabResult(document, interrupted=interrupted)
    if interrupted:
        result.findings.append("The study was interrupted; tables and figures show what was trained until then.")
    if groups:
        result.tables = [comparison_table(groups, counts, what)]
        result.pictures = [_picture(groups, what)]
        result.findings += [
            f"{group.name}: {sum(bool(each.error) for each in group.outcomes)} of {len(group.outcomes)} trainings "
            "diverged; the accuracy is that of the last finite network."
            for group in groups
            if any(each.error for each in group.outcomes)
        ]
    return result


def _picture(groups: Sequence[Group], what: str) -> Picture:
    from handgrad.figures.lenet_studies import comparison_figure

    curves = {group.name: _mean_curve(group) for group in groups}
    ends = {group.name: [100 * each.test_accuracy for each in group.outcomes] for group in groups}
    caption = (
        "Left: test error by epoch, mean over the trainings. Right: test accuracy in the end, a mark for each "
        "training; the line is the mean."
    )
    return Picture("comparison", caption, comparison_figure, curves, ends, what)


def _mean_curve(group: Group) -> list[float]:
    """Test error in percent after each epoch that all trainings have."""
    shortest = min(len(each.accuracies) for each in group.outcomes)
    return [float(100 * (1 - np.mean([each.accuracies[k] for each in group.outcomes]))) for k in range(shortest)]
