"""Study ``linear-vs-xor``: both sets of points by networks of several widths (report 001, discussion 3)."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from handgrad.data.dataset import Dataset
from handgrad.data.points import load_points
from handgrad.labs.points import PointsPlan, PointsSettings, TrainedPoints
from handgrad.labs.points_studies._common import (
    ORDER,
    RATE,
    awake,
    close,
    document,
    follow,
    hidden_text,
    percent,
    quarters,
    row_at,
    settings_of,
    verdict,
)
from handgrad.labs.published import LINEAR, XOR
from handgrad.labs.result import LabResult, Picture, Reporter, Table

HIDDEN = ((64, 64), (128, 128), (256, 256), (512, 512))
_NEAREST = 13  # points: of XOR the crossing and the three steps from it each way
_PUBLISHED = {"linear": LINEAR, "xor": XOR}

Cells = tuple[str | int | float | None, ...]
Floats = np.ndarray[Any, np.dtype[Any]]


@dataclass
class _Comparison:
    """Trainings by data and widths; ``thinned`` are those without the points nearest to the other class."""

    whole: dict[tuple[str, tuple[int, int]], TrainedPoints]
    thinned: dict[str, TrainedPoints]

    @property
    def trainings(self) -> list[tuple[str, TrainedPoints]]:
        whole = [(f"{data} {hidden_text(hidden)}", each) for (data, hidden), each in self.whole.items()]
        return whole + [(f"{data} without the {_NEAREST} nearest", each) for data, each in self.thinned.items()]

    @property
    def complete(self) -> bool:
        return len(self.whole) == 2 * len(HIDDEN) and len(self.thinned) == 2


def linear_vs_xor(settings: PointsSettings, reporter: Reporter) -> LabResult:
    """Train both data sets at several widths, then again without the points that lie nearest to the other class.

    The report says that the linear points are learned faster, and that XOR's crossing is the reason. Whether it is,
    the loss of the single points tells, and a training that never sees the crossing. Raises UsageError where ``data``
    or ``hidden`` was given.
    """
    settings.refuse("data", "hidden")
    plan = settings.plan(epochs=2000, lr=RATE)
    comparison = _train(plan, reporter)
    xor = comparison.whole.get(("xor", HIDDEN[0]), comparison.trainings[0][1])
    result = LabResult(
        document(
            "linear-vs-xor",
            xor,
            comparison.trainings,
            settings_of(plan, data=["linear", "xor"], hidden=[hidden_text(each) for each in HIDDEN]),
        ),
        tables=[_loss_table(comparison)],
        pictures=[_curves(comparison)],
        network=xor.network,
    )
    if comparison.complete:
        result.tables += [_nearest_table(comparison), _thinned_table(comparison)]
        result.pictures.append(_loss_by_point(comparison))
        result.findings = [_faster(comparison), _share(comparison), _without(comparison), _ours(plan)]
    return close(result, [each for _, each in comparison.trainings])


def _train(plan: PointsPlan, reporter: Reporter) -> _Comparison:
    comparison = _Comparison({}, {})
    sets = {name: load_points(name, plan.seed) for name in ("linear", "xor")}
    for name, dataset in sets.items():
        for hidden in HIDDEN:
            variant = awake(replace(plan, data=name, hidden=hidden), dataset)
            trained = follow(variant, dataset, reporter, f"{name} {hidden_text(hidden)}")
            comparison.whole[name, hidden] = trained
            if trained.interrupted:
                return comparison
    for name, dataset in sets.items():
        variant = comparison.whole[name, HIDDEN[0]].plan  # the same start
        thinned = without_nearest(dataset)
        comparison.thinned[name] = follow(variant, thinned, reporter, f"{name} without the {_NEAREST} nearest")
        if comparison.thinned[name].interrupted:
            break
    return comparison


def nearness(name: str, x: Floats) -> Floats:
    """Distance (n,) of the points ``x`` (n, 2) from where the classes meet: the linear points' diagonal x1 = x0, or
    the crossing of XOR's diagonals at (1/2, 1/2)."""
    if name == "linear":
        distance: Floats = np.abs(x[:, 0] - x[:, 1]) / np.sqrt(2)
        return distance
    return np.asarray(np.hypot(x[:, 0] - 0.5, x[:, 1] - 0.5))


def without_nearest(dataset: Dataset) -> Dataset:
    """``dataset`` without the 13 training points that lie nearest to where the classes meet; the order stays."""
    kept = np.sort(np.argsort(nearness(dataset.name, dataset.x), kind="stable")[_NEAREST:])
    return replace(dataset, x=dataset.x[kept], t=dataset.t[kept])


def _point_losses(trained: TrainedPoints) -> tuple[Floats, Floats]:
    """Distances (n,), ascending, and squared errors (n,) of the training points, after training."""
    dataset = trained.dataset
    y = trained.network.predict(dataset.x, engine=trained.plan.engine).astype(np.float64)
    distance = nearness(dataset.name, dataset.x)
    order = np.argsort(distance, kind="stable")
    return distance[order], ((y - dataset.t) ** 2)[order, 0]


def _loss_table(comparison: _Comparison) -> Table:
    rows = []
    for (data, hidden), each in comparison.whole.items():
        for epoch in quarters(each.plan.epochs):
            published = _PUBLISHED[data].row(epoch) if hidden == _PUBLISHED[data].hidden else None
            row = row_at(each, epoch)
            cells = (None, None) if published is None else (published.loss, 100 * published.accuracy)
            rows.append((data, hidden_text(hidden), epoch, cells[0], row.loss, cells[1], 100 * row.accuracy))
    return Table(
        "linear-vs-xor",
        "Loss (summed over the points) and accuracy in percent, published / ours",
        ("data", "hidden", "epoch", "loss published", "loss ours", "accuracy published", "accuracy ours"),
        tuple(rows),
        note="The report prints numbers for (64, 64) alone, those of its part 1; it compares the widths by curves.",
    )


def _nearest_table(comparison: _Comparison) -> Table:
    rows: list[Cells] = []
    for (data, hidden), each in comparison.whole.items():
        distance, losses = _point_losses(each)
        shares = [100 * float(losses[:count].sum() / losses.sum()) for count in (1, 5, _NEAREST)]
        rows.append((data, hidden_text(hidden), float(losses.sum()), *shares, float(distance[_NEAREST - 1])))
    return Table(
        "linear-vs-xor-nearest",
        "Share of the final loss, in percent, that the points nearest to the other class bring",
        ("data", "hidden", "loss", "nearest 1", "nearest 5", f"nearest {_NEAREST}", f"distance of point {_NEAREST}"),
        tuple(rows),
        note="Distance: of a linear point from the diagonal, of an XOR point from the crossing; the square's side is "
        "1.",
    )


def _thinned_table(comparison: _Comparison) -> Table:
    rows: list[Cells] = []
    for data, thinned in comparison.thinned.items():
        whole = comparison.whole[data, HIDDEN[0]]
        for name, each in ((data, whole), (f"{data} without the {_NEAREST} nearest", thinned)):
            points = len(each.dataset.x)
            losses = [1000 * row_at(each, epoch).loss / points for epoch in quarters(each.plan.epochs)]
            rows.append((name, points, *losses))
    epochs = quarters(comparison.trainings[0][1].plan.epochs)
    return Table(
        "linear-vs-xor-without",
        f"Loss per point, in thousandths, with and without the nearest points; hidden {hidden_text(HIDDEN[0])}",
        ("data", "points", *(f"epoch {epoch}" for epoch in epochs)),
        tuple(rows),
    )


def _curves(comparison: _Comparison) -> Picture:
    from handgrad.figures.points_studies import two_sets_figure

    return Picture(
        "linear-vs-xor",
        "Linear points (solid) and XOR points (dashed) by networks of the same widths.",
        two_sets_figure,
        {(data, hidden_text(hidden)): each.rows for (data, hidden), each in comparison.whole.items()},
    )


def _loss_by_point(comparison: _Comparison) -> Picture:
    from handgrad.figures.points_studies import nearest_figure

    points = {data: _point_losses(comparison.whole[data, HIDDEN[0]]) for data in comparison.thinned}
    curves = {}
    for data, thinned in comparison.thinned.items():
        for name, each in (
            (data, comparison.whole[data, HIDDEN[0]]),
            (f"{data} without the {_NEAREST} nearest", thinned),
        ):
            curves[data, name] = [(row.epoch, row.loss / len(each.dataset.x)) for row in each.rows]
    return Picture(
        "linear-vs-xor-nearest",
        "Left: every training point's squared error after training, by its distance from where the classes meet "
        "(those below 1e-8 are not shown). Right: the same network trained with (solid) and without (dotted) the "
        f"{_NEAREST} points nearest to it.",
        nearest_figure,
        points,
        curves,
    )


def _faster(comparison: _Comparison) -> str:
    epochs = quarters(comparison.trainings[0][1].plan.epochs)
    pairs = [
        (row_at(comparison.whole["linear", hidden], epoch).loss, row_at(comparison.whole["xor", hidden], epoch).loss)
        for hidden in HIDDEN
        for epoch in epochs
    ]
    lower = sum(linear < xor for linear, xor in pairs)
    ratio = float(np.median([xor / linear for linear, xor in pairs]))
    return (
        f"The report: the linear points are learned faster. {verdict(lower == len(pairs))}: their loss is the lower "
        f"one in {lower} of {len(pairs)} places ({len(HIDDEN)} widths, {len(epochs)} epochs); in the median XOR's is "
        f"{ratio:.3g} times as large."
    )


def _share(comparison: _Comparison) -> str:
    shares = {}
    for data in ("linear", "xor"):
        _, losses = _point_losses(comparison.whole[data, HIDDEN[0]])
        shares[data] = [float(losses[:count].sum() / losses.sum()) for count in (1, _NEAREST)]
    return (
        "The report gives the crossing, where the classes overlap, as the reason for XOR's higher loss. After "
        f"training at {hidden_text(HIDDEN[0])} the crossing itself brings {percent(shares['xor'][0], 3)} of XOR's "
        f"loss, the {_NEAREST} points nearest to it {percent(shares['xor'][1], 3)}. But the loss of the linear points "
        f"is made in the same way: the {_NEAREST} nearest to the diagonal bring {percent(shares['linear'][1], 3)} of "
        "it."
    )


def _without(comparison: _Comparison) -> str:
    """The test of the reason: the same start, trained without the crossing and its neighbours."""
    epochs = quarters(comparison.trainings[0][1].plan.epochs)

    def per_point(each: TrainedPoints, epoch: int) -> float:
        return row_at(each, epoch).loss / len(each.dataset.x)

    linear, xor = (comparison.whole[data, HIDDEN[0]] for data in ("linear", "xor"))
    thin_linear, thin_xor = comparison.thinned["linear"], comparison.thinned["xor"]
    early, end = epochs[0], epochs[-1]
    removed = per_point(thin_xor, end) < per_point(linear, end)
    still_slower = per_point(thin_xor, early) > per_point(linear, early)
    same_cut = per_point(thin_xor, end) / per_point(thin_linear, end)
    return (
        f"The test: from the same start, without those {_NEAREST} points, XOR ends at "
        f"{1000 * per_point(thin_xor, end):.3g} thousandths a point instead of {1000 * per_point(xor, end):.3g}, "
        f"{'below' if removed else 'not below'} the whole linear set's {1000 * per_point(linear, end):.3g}: the "
        f"crossing {'explains the higher final loss' if removed else 'does not explain the higher final loss'}. After "
        f"epoch {early} it is {'still' if still_slower else 'no longer'} behind "
        f"({1000 * per_point(thin_xor, early):.3g} against {1000 * per_point(linear, early):.3g}), and against linear "
        f"points without their own {_NEAREST} nearest it ends {same_cut:.3g} times as high"
        + (
            ": XOR is harder by itself too, as no straight line parts its classes, and the report names half of the "
            "reason."
            if same_cut > 1
            else ": without the crossing nothing of XOR's disadvantage is left."
        )
    )


def _ours(plan: PointsPlan) -> str:
    return (
        f"Settings of ours: learning rate {plan.lr:g}, {plan.epochs} epochs; {ORDER}; the first seed from {plan.seed} "
        "up whose untrained network does not answer the same 0 or 1 to every point."
    )
