"""Study ``stages``: the classifier while it learns (report 001, part 1)."""

import math
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

from handgrad.data.points import load_points
from handgrad.labs.points import PointsPlan, PointsRow, PointsSettings, TrainedPoints
from handgrad.labs.points_studies._common import (
    ORDER,
    RATE,
    awake,
    close,
    document,
    follow,
    hidden_text,
    percent,
    settings_of,
    verdict,
)
from handgrad.labs.published import LINEAR, XOR
from handgrad.labs.result import LabResult, Picture, Reporter, Table
from handgrad.network.sequential import Sequential
from handgrad.training.checkpoints import Training

_STAGES = (0, 25, 100, 250, 1000)  # epochs, and the last
_DOUBT = (0.1, 0.9)  # a prediction between these is undecided
_GRID = 101  # points along each side of the square where doubt is measured

Floats = np.ndarray[Any, np.dtype[Any]]
Stage = tuple[PointsRow, Sequential]


def stages(settings: PointsSettings, reporter: Reporter) -> LabResult:
    """Train once (by default as in the report, linear points, 5000 epochs), and keep the network at six epochs.

    The report says that the classifier becomes more and more accurate as the epochs go by.
    """
    plan = settings.plan(lr=RATE)
    dataset = load_points(plan.data, plan.seed)
    plan = awake(plan, dataset)
    wanted = stage_epochs(plan.epochs)
    kept: list[Stage] = []

    def keep(network: Sequential, row: PointsRow) -> None:
        if row.epoch in wanted or row.epoch == plan.epochs:
            kept.append((row, _copy(network)))

    every = math.gcd(*wanted)
    trained = follow(plan, dataset, reporter, "", every=every, on_row=keep, also=lambda each: _attach(each, kept))
    if kept[-1][0] != trained.last:  # interrupted between two stages
        kept.append((trained.last, trained.network))
    result = LabResult(
        document("stages", trained, [(plan.data, trained)], settings_of(plan)),
        tables=[_table(trained, kept)],
        pictures=_pictures(trained, kept),
        findings=[_becomes_better(trained, kept), _ours(plan)],
        network=trained.network,
    )
    return close(result, [trained])


def stage_epochs(epochs: int) -> list[int]:
    """The epochs to look at: 0, 25, 100, 250, 1000 and the last."""
    return sorted({epoch for epoch in _STAGES if epoch < epochs} | {epochs})


def _attach(training: Training, kept: list[Stage]) -> None:
    """Have the stages in the checkpoints."""
    network = kept[0][1]

    def state() -> dict[str, Any]:
        return {"rows": [asdict(row) for row, _ in kept], "networks": [each.parameters.flat for _, each in kept]}

    def restore(saved: dict[str, Any]) -> None:
        kept.clear()
        for row, parameters in zip(saved["rows"], saved["networks"], strict=True):
            kept.append((PointsRow(**row), _copy(network)))
            kept[-1][1].parameters.flat[...] = parameters

    training.attach("stages", state, restore)


def _copy(network: Sequential) -> Sequential:
    """The network as it is now."""
    twin = Sequential(network.layers, input_shape=network.input_shape, loss=network.loss, seed=network.seed)
    twin.parameters.flat[...] = network.parameters.flat
    return twin


def _asked(network: Sequential, plan: PointsPlan) -> Callable[[Floats], Floats]:
    return lambda x: network.predict(x, engine=plan.engine)


def _undecided(network: Sequential, trained: TrainedPoints) -> float:
    """Share of the rectangle around the training points where the prediction lies between 0.1 and 0.9."""
    low, high = trained.dataset.x.min(axis=0), trained.dataset.x.max(axis=0)
    u, v = np.meshgrid(np.linspace(low[0], high[0], _GRID), np.linspace(low[1], high[1], _GRID))
    y = _asked(network, trained.plan)(np.column_stack([u.ravel(), v.ravel()]))
    return float(((y > _DOUBT[0]) & (y < _DOUBT[1])).mean())


def _table(trained: TrainedPoints, kept: list[Stage]) -> Table:
    source = {"linear": LINEAR, "xor": XOR}.get(trained.dataset.name)
    rows = []
    for row, network in kept:
        published = source.row(row.epoch) if source is not None and trained.plan.hidden == source.hidden else None
        rows.append(
            (
                row.epoch,
                None if published is None else published.loss,
                row.loss,
                None if published is None else 100 * published.accuracy,
                100 * row.accuracy,
                100 * row.right_share,
                100 * row.test_right_share,
                100 * _undecided(network, trained),
            )
        )
    heads = (
        "loss published",
        "loss ours",
        "accuracy published",
        "accuracy ours",
        "right",
        "right in test",
        "undecided",
    )
    return Table(
        "stages",
        "The classifier while it learns: loss (summed), the rest in percent, published / ours",
        ("epoch", *heads),
        tuple(rows),
        note="Undecided: share of the plane between the points where the network says between 0.1 and 0.9.",
    )


def _pictures(trained: TrainedPoints, kept: list[Stage]) -> list[Picture]:
    from handgrad.figures.points import map_of, plane
    from handgrad.figures.points_studies import comparison_figure, stages_figure

    dataset = trained.dataset
    limits = plane(dataset.x)
    panels = [
        (f"epoch {row.epoch:,}: loss {row.loss:.3g}", map_of(_asked(network, trained.plan), limits))
        for row, network in kept
    ]
    source = {"linear": LINEAR, "xor": XOR}.get(dataset.name)
    published = {dataset.name: source.rows} if source is not None and trained.plan.hidden == source.hidden else {}
    return [
        Picture(
            "stages",
            "What the network says of the plane while it learns. The line is where it says 0.5; the paler, the less "
            "it is decided.",
            stages_figure,
            panels,
            dataset.x,
            dataset.t,
            features=dataset.features,
            classes=dataset.classes,
        ),
        Picture(
            "stages-curve",
            "Loss and accuracy on the training points. Line: ours; circles: published.",
            comparison_figure,
            [(dataset.name, trained.rows)],
            published,
        ),
    ]


def _becomes_better(trained: TrainedPoints, kept: list[Stage]) -> str:
    losses = [row.loss for row, _ in kept]
    better = all(later < earlier for earlier, later in zip(losses, losses[1:], strict=False))
    count = len(trained.dataset.x)
    whole = next((row for row, _ in kept if row.right_share == 1), None)
    right = (
        f"all {count} training points are on the right side from the stage at epoch {whole.epoch} on"
        if whole is not None
        else f"{percent(trained.last.right_share)} of the {count} training points end on the right side"
    )
    doubts = [(_undecided(network, trained), row.epoch) for row, network in kept]
    most, when = max(doubts)
    arrow = " > " if better else ", "
    claim = f"The report: the more epochs, the more accurate the classifier. {verdict(better)}: over"
    sharpened = ": what the later epochs do is to sharpen the edge" if doubts[-1][0] < most / 2 else ""
    return (
        f"{claim if trained.dataset.name in ('linear', 'xor') else 'Over'} the stages at epochs "
        f"{', '.join(str(row.epoch) for row, _ in kept)} the loss goes "
        f"{arrow.join(f'{loss:.4g}' for loss in losses)}; {right}. Of the plane between the points {percent(most, 3)} "
        f"is undecided at epoch {when}, the most, and {percent(doubts[-1][0], 3)} in the end{sharpened}."
    )


def _ours(plan: PointsPlan) -> str:
    return (
        f"Settings of ours: learning rate {plan.lr:g}; hidden {hidden_text(plan.hidden)}; seed {plan.seed}, the first "
        f"whose untrained network does not answer the same 0 or 1 to every point; {ORDER}."
    )
