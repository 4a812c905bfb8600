"""Study ``boundary``: ten thousand new points through the trained classifiers (report 001, part 3)."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from handgrad.data.points import diagonal_points, linear_points, load_points
from handgrad.labs.points import PointsPlan, PointsSettings, TrainedPoints
from handgrad.labs.points_studies._boundary import (
    Floats,
    band_shares,
    correlation,
    diagonal_distance,
    diagonal_offsets,
    nearest_diagonal,
    predictor,
)
from handgrad.labs.points_studies._common import (
    ORDER,
    RATE,
    awake,
    close,
    document,
    follow,
    percent,
    settings_of,
    verdict,
)
from handgrad.labs.published import LINEAR_TEST
from handgrad.labs.result import LabResult, Picture, Reporter, Table

NEW_POINTS = 10_000
_DRAWS, _DRAW = 200, 70  # sets of new points, and how many points each has, as in the report
_EDGES = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 1.0)  # bands of distance from the diagonal; the square's side is 1
_NEAR = 0.05  # distance from the diagonal
_POSITIONS = np.linspace(0.02, 0.98, 97)  # along the diagonal
_NEW_PART, _DRAW_PARTS = 2, 3  # streams of the seed behind those of the training and test points


@dataclass(frozen=True)
class _Linear:
    """What is measured of the linear classifier. Bands: points and share of right ones; ``offsets`` (97,) of the
    learned boundary; of each of 200 draws of 70 points the accuracy (200,), the mean distance (200,) from the diagonal,
    and the number within 0.05 of it (200,)."""

    right: float
    bands: list[tuple[int, float | None]]
    offsets: Floats
    wrong: Floats
    accuracies: Floats
    distances: Floats
    near: Floats


@dataclass(frozen=True)
class _Xor:
    """What is measured of the XOR classifier: right among new points on the diagonals; agreement with the nearer
    diagonal among points all over the square."""

    on_diagonals: float
    nearer: float


def boundary(settings: PointsSettings, reporter: Reporter) -> LabResult:
    """Train on the linear points (2000 epochs) and on XOR (10,000), and ask both about the whole square.

    The report says that the linear classifier's boundary lies near the diagonal, and that the accuracy on 70 new
    points goes up and down with their distance from it. Raises UsageError where ``data`` was given.
    """
    settings.refuse("data")
    plans = (settings.plan(epochs=2000, lr=RATE), settings.plan(data="xor", epochs=10_000, lr=RATE))
    trained: list[tuple[str, TrainedPoints]] = []
    for plan in plans:
        dataset = load_points(plan.data, plan.seed)
        trained.append((plan.data, follow(awake(plan, dataset), dataset, reporter, plan.data)))
        if trained[-1][1].interrupted:
            break
    linear = trained[0][1]
    chosen = settings_of(plans[0], data=["linear", "xor"], epochs=[plan.epochs for plan in plans])
    result = LabResult(document("boundary", linear, trained, chosen), network=linear.network)
    if len(trained) == 2 and not trained[1][1].interrupted:
        _measure(result, linear, trained[1][1], plans[0])
    return close(result, [each for _, each in trained])


def _measure(result: LabResult, linear: TrainedPoints, xor: TrainedPoints, plan: PointsPlan) -> None:
    """Put what the two classifiers say of the new points into ``result``."""
    of_linear, of_xor = _ask_linear(linear, plan.seed), _ask_xor(xor, plan.seed)
    result.networks["xor"] = xor.network
    result.document |= _numbers(of_linear, of_xor)
    result.tables += [
        _band_table(of_linear),
        _test_table(linear, of_linear),
        _shares_table(linear, xor, of_linear, of_xor),
    ]
    result.pictures += _pictures(linear, xor, of_linear)
    result.findings += [_lies(of_linear), _test_accuracy(linear, of_linear), _of_xor(of_xor), _ours(linear, xor)]


def _asked(trained: TrainedPoints, x: Floats) -> Floats:
    return predictor(lambda points: trained.network.predict(points, engine=trained.plan.engine))(x)


def _ask_linear(trained: TrainedPoints, seed: int) -> _Linear:
    x, t = linear_points(NEW_POINTS, seed, part=_NEW_PART)
    right = (_asked(trained, x) > 0.5) == (t[:, 0] > 0.5)
    accuracies, distances, near = np.empty((3, _DRAWS))
    for i in range(_DRAWS):
        points, truth = linear_points(_DRAW, seed, part=_DRAW_PARTS + i)
        accuracies[i] = 1 - np.abs(_asked(trained, points) - truth[:, 0]).mean()
        distances[i] = np.abs(diagonal_distance(points)).mean()
        near[i] = (np.abs(diagonal_distance(points)) < _NEAR).sum()
    return _Linear(
        right=float(right.mean()),
        bands=band_shares(np.abs(diagonal_distance(x)), right, _EDGES),
        offsets=diagonal_offsets(lambda points: _asked(trained, points), _POSITIONS),
        wrong=x[~right],
        accuracies=accuracies,
        distances=distances,
        near=near,
    )


def _ask_xor(trained: TrainedPoints, seed: int) -> _Xor:
    x, t = diagonal_points(NEW_POINTS, seed, part=_NEW_PART)
    square, _ = linear_points(NEW_POINTS, seed, part=_NEW_PART)
    return _Xor(
        on_diagonals=float(((_asked(trained, x) > 0.5) == (t[:, 0] > 0.5)).mean()),
        nearer=float(((_asked(trained, square) > 0.5) == (nearest_diagonal(square) > 0.5)).mean()),
    )


def _found(offsets: Floats) -> Floats:
    return offsets[np.isfinite(offsets)]


def _root_mean_square(values: Floats) -> float | None:
    return float(np.sqrt((values**2).mean())) if values.size else None


def _numbers(linear: _Linear, xor: _Xor) -> dict[str, Any]:
    found = _found(linear.offsets)
    return {
        "new_points": NEW_POINTS,
        "linear_right_share": linear.right,
        "boundary_rms_distance": _root_mean_square(found),
        "boundary_largest_distance": float(np.abs(found).max()) if found.size else None,
        "accuracy_distance_correlation": correlation(linear.accuracies, linear.distances),
        "accuracy_near_correlation": correlation(linear.accuracies, linear.near),
        "xor_right_share_on_diagonals": xor.on_diagonals,
        "xor_nearest_diagonal_share": xor.nearer,
    }


def _band_table(linear: _Linear) -> Table:
    rows = tuple(
        (low, high, count, None if share is None else 100 * share)
        for low, high, (count, share) in zip(_EDGES, _EDGES[1:], linear.bands, strict=False)
    )
    return Table(
        "boundary-bands",
        f"{NEW_POINTS:,} new linear points by distance from the diagonal (the square's side is 1)",
        ("from", "to", "points", "right classes, %"),
        rows,
    )


def _test_table(trained: TrainedPoints, linear: _Linear) -> Table:
    published = LINEAR_TEST
    ours = 100 * np.array([linear.accuracies.min(), np.median(linear.accuracies), linear.accuracies.max()])
    rows: list[tuple[str | float | None, ...]] = [
        ("training points", 100 * published.train_accuracy, 100 * trained.last.accuracy),
        ("70 new points, lower", 100 * min(published.test_accuracies), float(ours[0])),
        ("70 new points, median", None, float(ours[1])),
        ("70 new points, higher", 100 * max(published.test_accuracies), float(ours[2])),
    ]
    return Table(
        "boundary-tests",
        "Accuracy (1 - mean |y - t|) in percent, published / ours",
        ("points", "published", "ours"),
        tuple(rows),
        note=f"Published: the lower and the higher of 2 draws of 70 points. Ours: the extremes of {_DRAWS} draws.",
    )


def _shares_table(linear: TrainedPoints, xor: TrainedPoints, of_linear: _Linear, of_xor: _Xor) -> Table:
    rows = (
        ("linear", linear.last.epoch, "all over the square, true class", 100 * of_linear.right),
        ("xor", xor.last.epoch, "on the two diagonals, true class", 100 * of_xor.on_diagonals),
        ("xor", xor.last.epoch, "all over the square, class of the nearer diagonal", 100 * of_xor.nearer),
    )
    title = f"{NEW_POINTS:,} new points through the trained classifiers"
    return Table("boundary", title, ("trained on", "epochs", "new points", "agreement, %"), rows)


def _pictures(linear: TrainedPoints, xor: TrainedPoints, of_linear: _Linear) -> list[Picture]:
    from handgrad.figures.points import map_of
    from handgrad.figures.points_studies import SQUARE, offsets_figure, two_boundaries_figure

    panels = [
        (f"{name}, {each.last.epoch:,} epochs", map_of(partial(_asked, each), SQUARE), each.dataset.x, each.dataset.t)
        for name, each in (("linear", linear), ("XOR", xor))
    ]
    wrong = len(of_linear.wrong)
    return [
        Picture(
            "boundary",
            "What the classifiers say of the square. Solid: where they say 0.5; dashed: the diagonal (left), and "
            f"where both diagonals are equally near (right). Dots: the {wrong} of {NEW_POINTS:,} new points called "
            "wrong.",
            two_boundaries_figure,
            panels,
            of_linear.wrong,
        ),
        Picture(
            "boundary-distance",
            "The linear classifier: how far its boundary lies from the diagonal, and who is called right near it.",
            offsets_figure,
            _POSITIONS,
            of_linear.offsets,
            _EDGES,
            [share for _, share in of_linear.bands],
        ),
    ]


def _lies(linear: _Linear) -> str:
    found = _found(linear.offsets)
    if not found.size:
        return "The report: the boundary lies near the diagonal. That does not hold here: none is within 0.25 of it."
    root, largest = _root_mean_square(found) or 0.0, float(np.abs(found).max())
    near = sum(count * share for count, share in linear.bands[:3] if share is not None)
    count = sum(count for count, _ in linear.bands[:3])
    return (
        f"The report: the boundary of the linear classifier lies near the diagonal. {verdict(root < 0.05)}: its "
        f"distance is {root:.3g} (root of the mean square; at most {largest:.3g}; the square's side is 1), on average "
        f"{abs(found.mean()):.3g} towards class {int(found.mean() > 0)}: 70 points do not say more. Of {NEW_POINTS:,} "
        f"new points {percent(linear.right)} are called right; within {_EDGES[3]:g} of the diagonal, where {count} of "
        f"them lie, {percent(near / max(1, count), 3)}."
    )


def _test_accuracy(trained: TrainedPoints, linear: _Linear) -> str:
    by_distance = correlation(linear.accuracies, linear.distances)
    by_number = correlation(linear.accuracies, linear.near)
    above = float((linear.accuracies > trained.last.accuracy).mean())
    published = [percent(share) for share in (*LINEAR_TEST.test_accuracies, LINEAR_TEST.train_accuracy)]
    claim = (
        f"The report sees {published[0]} on one draw of 70 new points and {published[1]} on another, above the "
        f"training's {published[2]}, and supposes that the second lies farther from the diagonal. "
    )
    if by_distance is None or by_number is None:
        return claim + "That cannot be told here, as all draws have the same accuracy."
    by_chance = 2 / np.sqrt(_DRAWS)  # about where a correlation of independent numbers lies in 1 case of 20
    return (
        claim + f"{verdict(by_distance > by_chance)}: over {_DRAWS} draws the correlation of accuracy and mean "
        f"distance from the diagonal is {by_distance:.2f} (by chance up to {by_chance:.2f}). What counts are the "
        f"points near it: the correlation with the number within {_NEAR:g} is {by_number:.2f}. Our draws reach from "
        f"{percent(float(linear.accuracies.min()))} to {percent(float(linear.accuracies.max()))}, and "
        f"{percent(above, 3)} of them lie above the training's {percent(trained.last.accuracy)}: a test that is "
        "better than the training is the luck of the draw."
    )


def _of_xor(xor: _Xor) -> str:
    return (
        f"XOR: {percent(xor.on_diagonals)} of new points on the two diagonals are called right. Away from them "
        f"nothing says what is right; the classifier calls {percent(xor.nearer)} of the square as the nearer diagonal "
        f"would, so that {'roughly' if xor.nearer > 0.8 else 'only in part'} four squares meet in the middle: the "
        "lines between the diagonals are the network's own, for it saw no points there."
    )


def _ours(linear: TrainedPoints, xor: TrainedPoints) -> str:
    return (
        f"Settings of ours: learning rate {linear.plan.lr:g}; {ORDER}; seeds {linear.plan.seed} (linear) and "
        f"{xor.plan.seed} (XOR), the first whose untrained network does not answer the same 0 or 1 to every point."
    )
