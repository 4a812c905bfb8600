"""The basic run of the lab ``points``: one training, curves, predictions, boundary, ours beside published."""

from dataclasses import asdict, replace
from typing import Any

import numpy as np

from handgrad.data.dataset import Dataset
from handgrad.data.points import load_points
from handgrad.labs.points import GENERATED, LEARNING_RATE, PointsPlan, PointsRow, PointsSettings, TrainedPoints, train
from handgrad.labs.points_scale import Scale
from handgrad.labs.published import PublishedPoints, published_points
from handgrad.labs.result import LabResult, Picture, Reporter, Table

_DERIVED_LAYERS = 4
_ROWS_SHOWN = 40


def run_basic(settings: PointsSettings, reporter: Reporter) -> LabResult:
    """Load the points, train, and put what came of it together. Raises InputError for data that cannot be used."""
    plan = settings.plan()
    dataset = load_points(plan.data, plan.seed)
    trained = train(plan, dataset, reporter) if plan.data in GENERATED else _train_on_file(plan, dataset, reporter)
    published = published_points(plan.data, plan.hidden)
    result = LabResult(
        document(trained, settings, published),
        tables=[_history_table(trained, published)],
        findings=_findings(trained, published),
        network=trained.network,
        interrupted=trained.interrupted,
        error=trained.error,
    )
    if settings.show_predictions:
        result.tables += _prediction_tables(trained)
    try:
        result.pictures = _pictures(trained, published)
        result.derivation = _derivation(trained)
    except KeyboardInterrupt:  # what was learned is there, and is saved
        result.interrupted = True
    return result


def _train_on_file(plan: PointsPlan, dataset: Dataset, reporter: Reporter) -> TrainedPoints:
    """Train on the points of a file, scaled to the unit square; the network and the dataset come back in its units."""
    scale = Scale.of(dataset.x)
    trained = train(plan, scale.dataset(dataset), reporter)
    scale.fold_into(trained.network)
    return replace(trained, dataset=dataset)


def document(trained: TrainedPoints, settings: PointsSettings, published: PublishedPoints | None) -> dict[str, Any]:
    """The JSON document. Shares, not percent; ``loss`` is summed over the training points."""
    plan, last = trained.plan, trained.last
    found: dict[str, Any] = {
        "lab": "points",
        "data": trained.dataset.name,
        "engine": plan.engine,
        "seed": plan.seed,
        "parameters": int(trained.network.parameters.flat.size),
        "epochs": last.epoch,
        "loss": last.loss,
        "accuracy": last.accuracy,
        "right_share": last.right_share,
        "test_accuracy": last.test_accuracy,
        "test_right_share": last.test_right_share,
        "train_seconds": trained.train_seconds,
        "settings": asdict(plan) | {"show_predictions": settings.show_predictions},
        "rows": [asdict(row) for row in trained.rows],
        "published": None,
    }
    if published is not None:
        found["published"] = {
            "source": published.source,
            "epochs": published.epochs,
            "loss": published.last.loss,
            "accuracy": published.last.accuracy,
            "train_seconds": published.seconds,
            "rows": [asdict(row) for row in published.rows],
        }
    if settings.show_predictions:
        y, y_test = _predictions(trained)
        found |= {"predictions": y.tolist(), "test_predictions": y_test.tolist()}
    return found


def network_text(hidden: tuple[int, ...]) -> str:
    """Sizes of all layers: 2-64-64-1."""
    return "-".join(map(str, (2, *hidden, 1)))


def title(trained: TrainedPoints) -> str:
    """What was trained, in a line."""
    plan = trained.plan
    network = f"network {network_text(plan.hidden)}"
    return f"{trained.dataset.name}, {network}, learning rate {plan.lr:g}, seed {plan.seed}, engine {plan.engine}"


def _history_table(trained: TrainedPoints, published: PublishedPoints | None) -> Table:
    if published is None:
        columns: tuple[str, ...] = ("epoch", "loss", "accuracy %", "right %", "test accuracy %", "test right %")
    else:
        columns = (
            *("epoch", "loss published", "loss ours", "accuracy % published", "accuracy % ours"),
            *("right % ours", "test right % ours"),
        )
    rows: list[tuple[float | None, ...]] = []
    chosen = _spread(trained.rows)
    for row in chosen:
        accuracy, right, test_right = 100 * row.accuracy, 100 * row.right_share, 100 * row.test_right_share
        if published is None:
            rows.append((row.epoch, row.loss, accuracy, right, 100 * row.test_accuracy, test_right))
            continue
        other = published.row(row.epoch)
        theirs = (None, None) if other is None else (other.loss, 100 * other.accuracy)
        rows.append((row.epoch, theirs[0], row.loss, theirs[1], accuracy, right, test_right))
    note = f"loss: squared error, summed over the {len(trained.dataset.x)} training points; accuracy: 1 - mean |y - t|."
    if published is not None:
        note += (
            f" Published: {published.source}. Whether its epoch 0 is the untrained network or the one after a first "
            "epoch is not stated; ours is the untrained one."
        )
    if len(chosen) < len(trained.rows):
        note += f" {len(chosen)} of {len(trained.rows)} measurements are shown; metrics.jsonl has all."
    what = "Training" if published is None else "Published / ours"
    return Table("history", f"{what}: {title(trained)}", columns, tuple(rows), note)


def _spread(rows: list[PointsRow]) -> list[PointsRow]:
    """At most so many rows as a person reads, evenly spread; the last one always."""
    every = -(-len(rows) // _ROWS_SHOWN)
    return [row for i, row in enumerate(rows) if i % every == 0 or row is rows[-1]]


def _findings(trained: TrainedPoints, published: PublishedPoints | None) -> list[str]:
    last, dataset, plan = trained.last, trained.dataset, trained.plan
    steps = last.epoch * len(dataset.x)
    epochs = "1 epoch" if last.epoch == 1 else f"{last.epoch} epochs"
    each = f", {1e6 * trained.train_seconds / steps:.3g} µs a step" if steps else ""
    theirs = ""
    if published is not None and published.seconds is not None and published.epochs == last.epoch:
        theirs = f"; the report's took {published.seconds:g} s"
    right, test_right = _right(last.right_share, dataset.t), _right(last.test_right_share, dataset.t_test)
    texts = [f"Training was interrupted after epoch {last.epoch} of {plan.epochs}."] if trained.interrupted else []
    texts += [
        f"Training took {trained.train_seconds:.3g} s for {epochs} of {len(dataset.x)} points{each}{theirs}.",
        f"After them {right} training points and {test_right} test points are on the right side; accuracy "
        f"{100 * last.accuracy:.2f} % in training, {100 * last.test_accuracy:.2f} % on the test points.",
    ]
    if published is not None:
        texts += _against_published(trained, published)
        rate = "our choice" if plan.lr == LEARNING_RATE else "as asked"
        texts.append(
            f"The report does not state everything. Ours are: the learning rate {plan.lr:g} ({rate}), a new order of "
            "the points in every epoch, the seed, and with it the points and the first parameters, drawn from N(0, 1) "
            "as in the report."
        )
    if plan.data not in GENERATED:
        texts.append(
            "For training, the features were scaled so that the training points fill the unit square, as the report's "
            "do; the scale is part of the trained network's first layer, so the network takes the file's own units."
        )
    return texts


def _right(share: float, t: Any) -> str:
    return f"{round(share * len(t))} of {len(t)}"


def _against_published(trained: TrainedPoints, published: PublishedPoints) -> list[str]:
    """How many of the published epochs, after 0, ours is at least as good at."""
    pairs = [(row, other) for row in trained.rows if row.epoch and (other := published.row(row.epoch)) is not None]
    if not pairs:
        return []
    higher = [row.epoch for row, other in pairs if row.loss > other.loss]
    row, other = pairs[-1]
    at_last = f"at epoch {row.epoch} it is {row.loss:.4g}, published {other.loss:.4g}"
    if not higher:
        epochs = "the only epoch" if len(pairs) == 1 else f"all {len(pairs)} epochs"
        return [f"Our loss is at or below the published one at {epochs} that both have; {at_last}."]
    listed = ", ".join(map(str, higher[:8])) + (", ..." if len(higher) > 8 else "")
    return [f"Our loss is above the published one at {len(higher)} of {len(pairs)} epochs ({listed}); {at_last}."]


def _predictions(trained: TrainedPoints) -> tuple[Any, Any]:
    """What the trained network says of the training points (n,) and of the test points (m,)."""
    network, dataset, engine = trained.network, trained.dataset, trained.plan.engine
    return network.predict(dataset.x, engine=engine)[:, 0], network.predict(dataset.x_test, engine=engine)[:, 0]


def _prediction_tables(trained: TrainedPoints) -> list[Table]:
    dataset = trained.dataset
    parts = zip(
        ("training", "test"),
        (dataset.x, dataset.x_test),
        (dataset.t, dataset.t_test),
        _predictions(trained),
        strict=True,
    )
    tables = []
    for name, x, t, y in parts:
        rows = [
            (i, float(u), float(v), dataset.classes[int(label)], float(p), dataset.classes[int(p > 0.5)])
            for i, ((u, v), label, p) in enumerate(zip(x, t[:, 0], y, strict=True), start=1)
        ]
        columns = ("point", *dataset.features, "class", f"probability of class {dataset.classes[1]}", "called")
        tables.append(
            Table(f"predictions-{name}", f"Predictions for the {name} points", columns, tuple(rows), digits=7)
        )
    return tables


def _pictures(trained: TrainedPoints, published: PublishedPoints | None) -> list[Picture]:
    from handgrad.figures.curves import overlay_figure
    from handgrad.figures.points import boundary_figure, map_of, plane, prediction_figure

    dataset, network = trained.dataset, trained.network
    y, y_test = _predictions(trained)
    names: dict[str, Any] = {"features": dataset.features, "classes": dataset.classes}
    parts = [("training points", dataset.x, dataset.t, y), ("test points", dataset.x_test, dataset.t_test, y_test)]

    everything = np.concatenate([dataset.x, dataset.x_test]), np.concatenate([dataset.t, dataset.t_test])
    seen = map_of(lambda x: network.predict(x, engine=trained.plan.engine), plane(everything[0]))
    beside = "; circles: the report's" if published is not None else ""
    return [
        Picture(
            "curves",
            f"Loss and accuracy of the training points after every {trained.plan.log_every} epochs{beside}.",
            overlay_figure,
            _curves(trained, published),
        ),
        Picture(
            "predictions",
            "Ground truth beside what the trained network says. Points that it calls wrong have a ring.",
            prediction_figure,
            parts,
            **names,
        ),
        Picture(
            "boundary",
            "The plane as the trained network sees it, with training and test points; the line is where it says 0.5.",
            boundary_figure,
            [("decision boundary", seen, *everything)],
            **names,
        ),
    ]


def _curves(trained: TrainedPoints, published: PublishedPoints | None) -> dict[str, Any]:
    from handgrad.figures.curves import Curve, as_percent
    from handgrad.figures.style import BLUE, VERMILLION

    epochs = [row.epoch for row in trained.rows]
    shown = [row for row in published.rows if row.epoch <= max(epochs)] if published is not None else []
    ours = "ours" if shown else ""
    loss = [Curve(ours, epochs, [row.loss for row in trained.rows], color=BLUE)]
    accuracy = [Curve(ours, epochs, as_percent([row.accuracy for row in trained.rows]), color=BLUE)]
    if shown:
        theirs = [row.epoch for row in shown]
        loss.append(Curve("published", theirs, [row.loss for row in shown], marker="o", color=VERMILLION))
        values = as_percent([row.accuracy for row in shown])
        accuracy.append(Curve("published", theirs, values, marker="o", color=VERMILLION))
    return {"loss, summed over the points": loss, "accuracy, 1 − mean |y − t|  [%]": accuracy}


def _derivation(trained: TrainedPoints) -> Any:
    """The equations of the network, each backward line checked; None for a deep one, whose layers only repeat them."""
    from handgrad.derive import derive_network

    hidden, network = trained.plan.hidden, trained.network
    if len(hidden) > _DERIVED_LAYERS:
        return None
    title = f"Network {network_text(hidden)} of sigmoid units, squared error, online SGD"
    return derive_network(network.layers, network.loss, inputs=2, batch=1, name="points", title=title)
