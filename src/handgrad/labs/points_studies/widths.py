"""Study ``widths``: the XOR points by networks of different widths (report 001, part 2 and discussion 1)."""

import itertools
from dataclasses import replace

import numpy as np

from handgrad.data.points import load_points
from handgrad.labs.points import PointsSettings, TrainedPoints
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
from handgrad.labs.published import WIDTHS
from handgrad.labs.result import LabResult, Picture, Reporter, Table

Trainings = dict[tuple[int, int], TrainedPoints]


def widths(settings: PointsSettings, reporter: Reporter) -> LabResult:
    """Train every width of the report on the same points, with one learning rate.

    The report says that the wider network learns in fewer epochs and takes longer over each, and that (256, 512) is no
    better than (256, 256). Raises UsageError where ``hidden`` was given.
    """
    settings.refuse("hidden")
    plan = settings.plan(data="xor", epochs=2000, lr=RATE)
    dataset = load_points(plan.data, plan.seed)
    trained: Trainings = {}
    for hidden in WIDTHS:
        variant = awake(replace(plan, hidden=hidden), dataset)
        trained[hidden] = follow(variant, dataset, reporter, hidden_text(hidden))
        if trained[hidden].interrupted:
            break
    best = min(trained.values(), key=lambda each: each.last.loss)
    labelled = [(hidden_text(hidden), each) for hidden, each in trained.items()]
    result = LabResult(
        document("widths", best, labelled, settings_of(plan, hidden=[label for label, _ in labelled])),
        tables=[_loss_table(trained), _summary_table(trained)],
        pictures=[_picture(trained)],
        network=best.network,
        networks={f"{hidden[0]}x{hidden[1]}": each.network for hidden, each in trained.items()},
    )
    if len(trained) == len(WIDTHS):
        result.findings = [
            _against_the_report(trained),
            _widths_compared(trained),
            _cost(trained),
            _settings(trained, plan.seed),
        ]
    return close(result, trained.values())


def _published_loss(hidden: tuple[int, int], each: TrainedPoints, epoch: int) -> float | None:
    """The report's loss; None on other data than its own."""
    row = WIDTHS[hidden].row(epoch) if each.dataset.name == "xor" else None
    return None if row is None else row.loss


def _loss_table(trained: Trainings) -> Table:
    epochs = quarters(next(iter(trained.values())).plan.epochs)
    rows = []
    for hidden, each in trained.items():
        pairs = ((_published_loss(hidden, each, epoch), row_at(each, epoch).loss) for epoch in epochs)
        rows.append((hidden_text(hidden), *(number for pair in pairs for number in pair)))
    heads = [f"{epoch} {whose}" for epoch in epochs for whose in ("published", "ours")]
    return Table(
        "widths-loss",
        "Loss (squared error summed over the points) by epoch, published / ours",
        ("hidden", *heads),
        tuple(rows),
    )


def _summary_table(trained: Trainings) -> Table:
    rows = []
    for hidden, each in trained.items():
        published = WIDTHS[hidden]
        comparable = each.dataset.name == "xor" and published.epochs == each.last.epoch
        seconds = published.seconds if comparable else None
        rows.append(
            (
                hidden_text(hidden),
                int(each.network.parameters.flat.size),
                each.plan.seed,
                each.rows[0].loss,
                100 * published.last.accuracy if comparable else None,
                100 * each.last.accuracy,
                100 * each.last.right_share,
                100 * each.last.test_accuracy,
                seconds,
                each.train_seconds,
                None if seconds is None else seconds / max(each.train_seconds, 1e-9),
            )
        )
    return Table(
        "widths-summary",
        "After the last epoch: accuracy in percent, training time in seconds, published / ours",
        (
            "hidden",
            "parameters",
            "seed",
            "loss at start",
            "accuracy published",
            "accuracy ours",
            "right classes",
            "test accuracy",
            "seconds published",
            "seconds ours",
            "times as fast",
        ),
        tuple(rows),
        note="The report's times were taken on another machine.",
    )


def _picture(trained: Trainings) -> Picture:
    from handgrad.figures.points_studies import comparison_figure

    curves = [(hidden_text(hidden), each.rows) for hidden, each in trained.items()]
    on_its_points = next(iter(trained.values())).dataset.name == "xor"
    published = {hidden_text(hidden): WIDTHS[hidden].rows for hidden in trained} if on_its_points else {}
    return Picture(
        "widths",
        "Networks of different widths on the same points. Lines: ours; circles: published, in the same colours.",
        comparison_figure,
        curves,
        published,
    )


def _against_the_report(trained: Trainings) -> str:
    pairs = [
        (published, row_at(each, epoch).loss)
        for hidden, each in trained.items()
        for epoch in quarters(each.plan.epochs)
        if (published := _published_loss(hidden, each, epoch)) is not None
    ]
    if not pairs:
        return "Nothing is published for these points at these epochs; the figures stand by themselves."
    reached = sum(ours <= published for published, ours in pairs)
    ratio = float(np.median([published / ours for published, ours in pairs]))
    return (
        f"Our loss is at most the published one at the same epoch in {reached} of {len(pairs)} places; in the median "
        f"the published loss is {ratio:.3g} times ours. One learning rate, {next(iter(trained.values())).plan.lr:g}, "
        "serves all widths."
    )


def _widths_compared(trained: Trainings) -> str:
    loss = {hidden: each.last.loss for hidden, each in trained.items()}
    best = min(loss, key=loss.__getitem__)
    square = [loss[hidden] for hidden in loss if hidden[0] == hidden[1]]
    falls = all(wide < narrow for narrow, wide in itertools.pairwise(square))
    gain = 1 - loss[256, 512] / loss[256, 256]
    about = "" if gain > -0.5 else "; but it did not learn, so this says nothing of the width"
    swapped = 1 - loss[512, 256] / loss[256, 512]
    return (
        f"The report: (512, 512) is clearly best. {verdict(best == (512, 512))}: {hidden_text(best)} ends lowest, at "
        f"{loss[best]:.4g}, and from (64, 64) to (512, 512) the loss {'falls' if falls else 'does not fall'} with "
        f"every doubling. The report: from (256, 256) to (256, 512) more units do not help. "
        f"{verdict(-0.5 < gain <= 0.05)}: the loss goes from {loss[256, 256]:.4g} to {loss[256, 512]:.4g}, "
        f"{_change(gain)}{about}. Where the units stand matters: (512, 256) has as many and ends at "
        f"{loss[512, 256]:.4g}, {_change(swapped)} than (256, 512)."
    )


def _change(gain: float) -> str:
    """A relative change of a loss in words; a large rise as a factor."""
    return f"{1 - gain:.3g} times as much" if gain < -1 else f"{percent(abs(gain), 2)} {'less' if gain > 0 else 'more'}"


def _cost(trained: Trainings) -> str:
    narrow, wide = trained[64, 64], trained[512, 512]
    slower = wide.train_seconds / max(narrow.train_seconds, 1e-9)
    epochs = int(wide.last.epoch / max(slower, 1e-9))
    in_time = row_at(wide, epochs)
    published = [WIDTHS[hidden].seconds or 0.0 for hidden in ((512, 512), (64, 64))]
    equal_time = (
        f" In the time that (64, 64) takes for all its epochs, (512, 512) finishes about {epochs}; near there, after "
        f"epoch {in_time.epoch}, its loss is {in_time.loss:.4g} against {narrow.last.loss:.4g}: for equal time "
        f"{'the narrow' if narrow.last.loss < in_time.loss else 'still the wide'} network is ahead."
    )
    return (
        f"The report: (512, 512) takes many times longer. {verdict(slower > 2)}: {wide.train_seconds:.3g} s against "
        f"{narrow.train_seconds:.3g} s for (64, 64), {slower:.3g} times as long (published: {published[0]:g} s "
        f"against {published[1]:g} s, {published[0] / published[1]:.2g} times)."
        + (equal_time if in_time.epoch >= 1 else "")
    )


def _settings(trained: Trainings, seed: int) -> str:
    passed = [
        f"{each.plan.seed - seed} for {hidden_text(hidden)}"
        for hidden, each in trained.items()
        if each.plan.seed > seed
    ]
    over = f"passed over were {', '.join(passed)}" if passed else "none was passed over"
    return (
        f"Settings of ours: learning rate {next(iter(trained.values())).plan.lr:g}; {ORDER}; a width takes the first "
        f"seed from {seed} up whose untrained network does not answer the same 0 or 1 to every point (a loss that is "
        f"printed as 34.00 or 35.00; {over}). Such a start belongs to --study plateau."
    )
