"""What the studies share: the same training from several seeds, and the JSON document."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from statistics import median
from typing import Any

from handgrad.labs.adder import AdderPlan
from handgrad.labs.adder_training import EpochRow, TrainedAdder, train
from handgrad.labs.result import LabResult, Reporter
from handgrad.network.sequential import Sequential
from handgrad.training.checkpoints import Training

SEEDS = 3
"""Trainings of each kind, from as many seeds: the one that was given, and those after it."""

After = Callable[[str, Sequential, EpochRow], Any]


@dataclass
class Group:
    """Trainings that differ in their seed alone. ``runs`` may be fewer than planned, after Ctrl-C."""

    name: str
    plan: AdderPlan
    runs: list[TrainedAdder] = field(default_factory=list)

    @property
    def learned(self) -> list[int]:
        """The first epoch without a wrong sum, of those that had one."""
        return [run.epochs_to_perfect for run in self.runs if run.epochs_to_perfect is not None]

    @property
    def median_epoch(self) -> float | None:
        """Of those epochs; None where no training had one."""
        return float(median(self.learned)) if self.learned else None

    @property
    def accuracy(self) -> float:
        """Share of right sums in the last epoch, mean over the trainings; a divergence counts as none."""
        return sum(0.0 if run.error else run.accuracy for run in self.runs) / len(self.runs)

    @property
    def diverged(self) -> int:
        """How many met a number that is not finite."""
        return sum(bool(run.error) for run in self.runs)

    def mean_rows(self) -> list[EpochRow]:
        """The epochs that all trainings finished, each the mean over them; the loss and the seconds are the first's."""
        together = zip(*(run.rows for run in self.runs), strict=False)
        return [
            replace(
                rows[0],
                error=sum(row.error for row in rows) / len(rows),
                accuracy=sum(row.accuracy for row in rows) / len(rows),
            )
            for rows in together
        ]


def train_groups(
    plans: Mapping[str, AdderPlan],
    reporter: Reporter,
    after: After | None = None,
    also: Callable[[Training], Any] | None = None,
    seeds: int = SEEDS,
) -> tuple[list[Group], bool]:
    """Train every plan from ``seeds`` seeds. Returns the groups that have at least one finished training, and whether
    Ctrl-C was pressed; then nothing further is trained. ``after(name, network, row)`` is called after each epoch of a
    group's first training; ``also`` attaches what it keeps."""
    groups: list[Group] = []
    for name, plan in plans.items():
        group = Group(name, plan)
        for k in range(seeds):
            seeded = replace(plan, seed=plan.seed + k)
            look = None if after is None or k else _looking(after, name)
            trained = train(seeded, reporter, label=f"{name}, seed {seeded.seed}", after=look, also=also)
            if trained.interrupted:
                return [*groups, group] if group.runs else groups, True
            group.runs.append(trained)
        groups.append(group)
    return groups, False


def _looking(after: After, name: str) -> Callable[[Sequential, EpochRow], Any]:
    return lambda network, row: after(name, network, row)


def counted(some: int, of: int) -> str:
    """3 of 3 as "all 3", 0 of 3 as "none of 3"."""
    return f"all {of}" if some == of else f"none of {of}" if not some else f"{some} of {of}"


def study_result(
    study: str, plan: AdderPlan, groups: list[Group], interrupted: bool, chosen: dict[str, Any], **more: Any
) -> LabResult:
    """The result with its JSON document. ``chosen``: the settings that the study varies itself."""
    settings = {
        name: value
        for name, value in asdict(plan).items()
        if name not in ("gain", "truncate", "clip_norm", "clip_value", "stop_when_perfect")
    }
    runs = [(group, run) for group in groups for run in group.runs]
    document = {
        "lab": "adder",
        "study": study,
        "engine": plan.engine,
        "seed": plan.seed,
        "train_seconds": sum(run.seconds for _, run in runs),
        "settings": settings | chosen,
        "trainings": [
            {
                "name": group.name,
                "seed": run.plan.seed,
                "bits": run.plan.bits,
                "rate": run.plan.rate,
                "epochs": len(run.rows),
                "accuracy": run.accuracy,
                "epochs_to_perfect": run.epochs_to_perfect,
                "diverged": bool(run.error),
            }
            for group, run in runs
        ],
        **more,
    }
    result = LabResult(document, interrupted=interrupted)
    if interrupted:
        result.findings = ["The study was interrupted; tables and figures show what was trained until then."]
    return result
