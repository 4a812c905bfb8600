"""What the studies share: trainings side by side, a start that is not on the plateau, and the JSON document."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from handgrad.data.dataset import Dataset
from handgrad.errors import Diverged, HandgradError
from handgrad.labs.points import PointsPlan, PointsRow, TrainedPoints, build_network, keep_rows, measure
from handgrad.labs.result import LabResult, Reporter
from handgrad.labs.resuming import training_of
from handgrad.network.sequential import Sequential
from handgrad.training.callbacks import Every
from handgrad.training.checkpoints import Training
from handgrad.training.history import Epoch
from handgrad.training.optimizers import SGD

RATE = 0.01
"""Learning rate of the comparisons, ours: the report does not state its own. One rate has to suit every width."""

ORDER = "the points in the order of the data, not shuffled"
"""How a study goes through the points, ours too: the report does not state it."""

DEAD = 0.005
"""A loss nearer than this to that of a constant answer is printed with two decimals as just that, 34.00 or 35.00."""

_MEASUREMENTS = 80  # of a curve
_MOST_STARTS = 1000


def follow(
    plan: PointsPlan,
    dataset: Dataset,
    reporter: Reporter,
    label: str,
    *,
    every: int | None = None,
    network: Sequential | None = None,
    on_row: Callable[[Sequential, PointsRow], Any] | None = None,
    also: Callable[[Training], Any] | None = None,
) -> TrainedPoints:
    """Train ``plan`` as ``labs.points.train`` does, but for curves that are compared: the points come in the order of
    the data, which leaves the curves smooth, and are measured ``every`` so many epochs (default: 80 times in all),
    while the reporter is told every ``plan.log_every`` epochs only. Training stops where ``on_row`` returns True.
    ``also(training)`` attaches what ``on_row`` keeps, so that it is in the checkpoints.
    """
    network = build_network(plan) if network is None else network
    every = measuring_interval(plan) if every is None else every
    rows: list[PointsRow] = []

    def look(net: Sequential, epoch: int, seconds: float) -> Any:
        row = measure(net, dataset, epoch, seconds, plan.engine)
        if not rows or epoch // plan.log_every > rows[-1].epoch // plan.log_every or epoch == plan.epochs:
            reporter.metrics({"label": label} | asdict(row))
        rows.append(row)
        reporter.progress(epoch, plan.epochs, label)
        return on_row is not None and on_row(net, row) is True

    def after(net: Sequential, epoch: Epoch) -> Any:
        return look(net, epoch.epoch, epoch.seconds)

    look(network, 0, 0.0)
    interrupted, error = False, ""
    try:
        with training_of(reporter, label) as training:
            keep_rows(training, rows)
            if also is not None:
                also(training)
            network.fit(
                dataset.x,
                dataset.t,
                epochs=plan.epochs,
                batch_size=1,
                optimizer=SGD(lr=plan.lr),
                callbacks=[Every(every, after)],
                checkpoints=training,
                shuffle=False,
                engine=plan.engine,
            )
    except KeyboardInterrupt:
        interrupted = True
    except Diverged as diverged:
        error = str(diverged)
    history = network.history
    if len(history) > rows[-1].epoch:  # stopped between two measurements
        look(network, len(history), history.seconds)
    return TrainedPoints(plan, dataset, network, history, rows, interrupted, error)


def measuring_interval(plan: PointsPlan) -> int:
    """Epochs between two measurements of a curve: such that the quarters of the training are among them."""
    quarter = max(1, plan.epochs // 4)
    count = max(1, _MEASUREMENTS // 4)
    return next(quarter // n for n in range(min(count, quarter), 0, -1) if quarter % n == 0)


def quarters(epochs: int) -> list[int]:
    """The epochs at which the tables compare: each quarter of the training, for 2000 epochs those of the report."""
    return sorted({max(1, epochs * k // 4) for k in (1, 2, 3, 4)})


def row_at(trained: TrainedPoints, epoch: int) -> PointsRow:
    """The measurement nearest to ``epoch``."""
    return min(trained.rows, key=lambda row: abs(row.epoch - epoch))


def constant_losses(t: "np.ndarray[Any, Any]") -> tuple[float, float]:
    """Summed squared error of a network that answers 0 to every point, and of one that answers 1."""
    return float((t**2).sum()), float(((1 - t) ** 2).sum())


def summed_loss(network: Sequential, dataset: Dataset, plan: PointsPlan) -> float:
    """Squared error of ``network``, summed over the training points."""
    y = network.predict(dataset.x, engine=plan.engine).astype(np.float64)
    return float(((y - dataset.t) ** 2).sum())


def awake(plan: PointsPlan, dataset: Dataset) -> PointsPlan:
    """``plan`` with the first seed, from its own upwards, whose untrained network does not answer the same 0 or 1 to
    every point: its loss differs from that of a constant by at least 0.005. The other starts are the plateau's.

    Raises HandgradError if a thousand seeds have no such start.
    """
    constants = constant_losses(dataset.t)
    for seed in range(plan.seed, plan.seed + _MOST_STARTS):
        candidate = replace(plan, seed=seed)
        loss = summed_loss(build_network(candidate), dataset, candidate)
        if min(abs(loss - constant) for constant in constants) >= DEAD:
            return candidate
    raise HandgradError(
        f"none of {_MOST_STARTS} seeds from {plan.seed} up gives the widths {hidden_text(plan.hidden)} a start whose "
        "outputs are not saturated, expected at least one; choose narrower layers"
    )


def hidden_text(hidden: Sequence[int]) -> str:
    """Widths as the report writes them: (64, 64)."""
    return f"({', '.join(str(width) for width in hidden)})"


def settings_of(plan: PointsPlan, **chosen: Any) -> dict[str, Any]:
    """The settings that a study filled in, for ``config.toml`` and report; ``chosen`` are those it varies itself."""
    return asdict(plan) | {"hidden": list(plan.hidden), "order": "that of the data", "seed": plan.seed} | chosen


def document(
    study: str,
    chosen: TrainedPoints,
    trainings: Iterable[tuple[str, TrainedPoints]],
    settings: dict[str, Any],
    **more: Any,
) -> dict[str, Any]:
    """The JSON document of a study.

    ``chosen`` is the training that ``data``, ``hidden``, ``lr``, ``seed``, ``epochs`` (those that were finished),
    ``loss`` (summed), ``accuracy``, ``right_share`` and the test's belong to. ``train_seconds`` is that of all
    ``trainings`` (label, training) together, and ``rows`` has their measurements that were told.
    """
    trainings = list(trainings)
    plan, last = chosen.plan, chosen.last
    return {
        "lab": "points",
        "study": study,
        "engine": plan.engine,
        "seed": plan.seed,
        "data": chosen.dataset.name,
        "hidden": list(plan.hidden),
        "lr": plan.lr,
        "epochs": last.epoch,
        "loss": last.loss,
        "accuracy": last.accuracy,
        "right_share": last.right_share,
        "test_accuracy": last.test_accuracy,
        "test_right_share": last.test_right_share,
        "train_seconds": sum(each.train_seconds for _, each in trainings),
        "settings": settings,
        "rows": [
            {"label": label, "lr": each.plan.lr, "seed": each.plan.seed} | asdict(row)
            for label, each in trainings
            for row in told(each)
        ],
        **more,
    }


def told(trained: TrainedPoints) -> list[PointsRow]:
    """The measurements at multiples of ``log_every``, and the last."""
    return [row for row in trained.rows if row.epoch % trained.plan.log_every == 0 or row is trained.last]


def close(result: LabResult, trainings: Iterable[TrainedPoints]) -> LabResult:
    """Hand interruption and divergence of the ``trainings`` on. A study that was cut short tells no findings."""
    trainings = list(trainings)
    result.interrupted = any(each.interrupted for each in trainings)
    result.error = next((each.error for each in trainings if each.error), "")
    if result.interrupted:
        result.findings = ["The study was interrupted; tables and figures show what was trained until then."]
    return result


def percent(share: float, digits: int = 4) -> str:
    """A share in words: 97.31 %."""
    return f"{100 * share:.{digits}g} %"


def verdict(holds: bool) -> str:
    """The judgement on a statement of the report, at the beginning of a sentence."""
    return "That holds" if holds else "That does not hold here"
