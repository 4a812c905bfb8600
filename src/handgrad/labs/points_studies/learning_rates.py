"""Study ``learning-rates``: the XOR points at different learning rates (report 001, discussion 2)."""

from dataclasses import replace

from handgrad.data.dataset import Dataset
from handgrad.data.points import load_points
from handgrad.labs.points import PointsPlan, PointsSettings, TrainedPoints
from handgrad.labs.points_studies._common import (
    ORDER,
    awake,
    close,
    constant_losses,
    document,
    follow,
    hidden_text,
    quarters,
    row_at,
    settings_of,
    verdict,
)
from handgrad.labs.result import LabResult, Picture, Reporter, Table

RATES = (0.001, 0.01, 0.05, 0.1, 0.5, 2.0)
_STARTS = 3  # the edge of what converges depends on the start
_FAILED = 5.0  # a summed loss above this: several points are on the wrong side, and stay there

Trainings = dict[float, list[TrainedPoints]]


def learning_rates(settings: PointsSettings, reporter: Reporter) -> LabResult:
    """Train the same network at six learning rates, from three starts each.

    The report, which prints no numbers here, says: the larger the rate, the faster; too large, and training may not
    reach the smallest loss; a small one is slow, may reach the smallest loss, and is easily caught in a local minimum.
    Raises UsageError where ``lr`` was given.
    """
    settings.refuse("lr")
    plan = settings.plan(data="xor", epochs=2000, lr=RATES[0])
    dataset = load_points(plan.data, plan.seed)
    trained = _train(plan, dataset, reporter)
    labelled = [(f"lr {lr:g}, seed {each.plan.seed}", each) for lr, runs in trained.items() for each in runs]
    everything = [each for _, each in labelled]
    best = trained[_converging(trained)[-1]][0]
    result = LabResult(
        document("learning-rates", best, labelled, settings_of(plan, lr=list(trained))),
        tables=[_loss_table(trained), _starts_table(trained)],
        pictures=[_picture(trained)],
        network=best.network,
    )
    if len(everything) == len(RATES) * _STARTS:
        result.findings = [_speed(trained), _too_large(trained), _small(trained), _settings(trained)]
    return close(result, everything)


def _train(plan: PointsPlan, dataset: Dataset, reporter: Reporter) -> Trainings:
    """By rate, the trainings from each start; fewer after Ctrl-C."""
    starts = [awake(plan, dataset)]
    while len(starts) < _STARTS:
        starts.append(awake(replace(plan, seed=starts[-1].seed + 1), dataset))
    trained: Trainings = {}
    for lr in RATES:
        trained[lr] = []
        for start in starts:
            label = f"lr {lr:g}, seed {start.seed}"
            trained[lr].append(follow(replace(start, lr=lr), dataset, reporter, label))
            if trained[lr][-1].interrupted:
                return trained
    return trained


def _loss_table(trained: Trainings) -> Table:
    first = trained[RATES[0]][0]
    epochs = quarters(first.plan.epochs)
    rows = tuple(
        (
            lr,
            *(row_at(runs[0], epoch).loss for epoch in epochs),
            100 * runs[0].last.accuracy,
            100 * runs[0].last.right_share,
        )
        for lr, runs in trained.items()
    )
    return Table(
        "learning-rates",
        f"Loss (summed over the points) by epoch, hidden {hidden_text(first.plan.hidden)}, seed {first.plan.seed}",
        ("learning rate", *(f"epoch {epoch}" for epoch in epochs), "accuracy, %", "right classes, %"),
        rows,
        note="The report shows curves without numbers here, so that nothing published stands beside ours.",
    )


def _starts_table(trained: Trainings) -> Table:
    seeds = [each.plan.seed for each in trained[RATES[0]]]
    rows = []
    for lr, runs in trained.items():
        losses = [each.last.loss for each in runs] + [None] * (len(seeds) - len(runs))
        rows.append((lr, *losses))
    return Table(
        "learning-rates-starts",
        "Loss after the last epoch, by start",
        ("learning rate", *(f"seed {seed}" for seed in seeds)),
        tuple(rows),
    )


def _picture(trained: Trainings) -> Picture:
    from handgrad.figures.points_studies import comparison_figure

    curves = [(f"{lr:g}", runs[0].rows) for lr, runs in trained.items()]
    return Picture(
        "learning-rates",
        "The same network from the same start at six learning rates.",
        comparison_figure,
        curves,
        title="learning rate",
    )


def _mean(runs: list[TrainedPoints], epoch: int) -> float:
    return sum(row_at(each, epoch).loss for each in runs) / len(runs)


def _converging(trained: Trainings) -> list[float]:
    """The rates at which no start ended with points on the wrong side, unless the smallest rates were just too slow."""
    largest_failing = [lr for lr, runs in trained.items() if any(each.last.loss > _FAILED for each in runs)]
    fastest = min(trained, key=lambda lr: max(each.last.loss for each in trained[lr]))
    return [lr for lr in trained if lr <= fastest or lr not in largest_failing]


def _speed(trained: Trainings) -> str:
    epochs = quarters(trained[RATES[0]][0].plan.epochs)
    good = _converging(trained)
    ordered = all(
        _mean(trained[large], epoch) < _mean(trained[small], epoch)
        for epoch in epochs
        for small, large in zip(good, good[1:], strict=False)
    )
    losses = ", ".join(f"{_mean(trained[lr], epochs[-1]):.3g} at {lr:g}" for lr in good)
    return (
        f"The report: the larger the learning rate, the faster. {verdict(ordered)} from {good[0]:g} to {good[-1]:g}: "
        f"the loss, in the mean of {_STARTS} starts, is {'lower' if ordered else 'not always lower'} for every step "
        f"up at every quarter of the training, and ends at {losses}."
    )


def _too_large(trained: Trainings) -> str:
    good = _converging(trained)
    bad = [lr for lr in trained if lr > good[-1]]
    if not bad:
        return "The report: too large a rate may not converge. None of these rates was too large for these starts."
    constants = constant_losses(trained[RATES[0]][0].dataset.t)
    runs = [each for lr in bad for each in trained[lr]]
    stuck = sum(each.last.loss > _FAILED for each in runs)
    constant = sum(min(abs(each.last.loss - c) for c in constants) < 0.01 for each in runs)
    lucky = min(runs, key=lambda each: each.last.loss)
    return (
        f"The report: too large a rate may not converge. {verdict(stuck > 0)}: at "
        f"{' and '.join(f'{lr:g}' for lr in bad)} {stuck} of {len(runs)} trainings end above a loss of {_FAILED:g}, "
        f"and {constant} of them at that of a network that answers the same 0 or 1 to every point. The loss does not "
        "overflow, as a sigmoid's output cannot: large steps drive its units into saturation, where no gradient "
        "comes back; --study plateau measures that. "
        + (
            f"Where {lucky.plan.lr:g} gets through, it ends at {lucky.last.loss:.3g}: speed and risk grow together."
            if lucky.last.loss <= _FAILED
            else ""
        )
    ).rstrip()


def _small(trained: Trainings) -> str:
    """A tenth of the rate should reach in ten times the epochs what the larger one reaches: the same path, slower."""
    small, large = RATES[0], RATES[1]
    slow, fast = trained[small], trained[large]
    end = slow[0].last.epoch
    early = row_at(fast[0], round(end * small / large))
    pairs = [(each.last.loss, row_at(other, early.epoch).loss) for each, other in zip(slow, fast, strict=True)]
    apart = max(abs(a - b) / b for a, b in pairs)
    falling = all(each.last.loss < row_at(each, end * 3 // 4).loss for each in slow)
    lowest = min(trained, key=lambda lr: _mean(trained[lr], end))
    still = "still falls in the last quarter" if falling else "does not fall in the last quarter"
    listed = ", ".join(f"{a:.3g} and {b:.3g}" for a, b in pairs)
    return (
        f"The report: a small rate may reach the smallest loss, but is easily caught in a local minimum. After {end} "
        f"epochs the smallest loss belongs to {lowest:g}, not to {small:g}. Nor is {small:g} caught: its loss {still} "
        f"from every start, and after {end} epochs it stands where {large:g} stands after {early.epoch} ({listed}, by "
        f"start; at most {100 * apart:.2g} % apart): the same path, {large / small:g} times slower."
    )


def _settings(trained: Trainings) -> str:
    seeds = [each.plan.seed for each in trained[RATES[0]]]
    return (
        f"Settings of ours: the rates {', '.join(f'{lr:g}' for lr in RATES)}; hidden "
        f"{hidden_text(trained[RATES[0]][0].plan.hidden)}; seeds {', '.join(map(str, seeds))}, those whose untrained "
        f"network does not answer the same 0 or 1 to every point; {ORDER}."
    )
