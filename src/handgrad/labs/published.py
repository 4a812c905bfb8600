"""What the reports publish, as data: it stands beside our own figures in terminal, report and JSON document.

Nothing here is ours. What a report does not state is None.
"""

from dataclasses import dataclass

REPORT_001 = "C.-H. Liao (2020), Back-propagation Implementation Report, NCTU Deep Learning and Practice, lab 1"


@dataclass(frozen=True)
class PublishedRow:
    """``loss``: squared error, summed over the points. ``accuracy``: 1 - mean |y - t|, a share (0.9674)."""

    epoch: int
    loss: float
    accuracy: float


@dataclass(frozen=True)
class PublishedPoints:
    """A training that report 001 prints. ``seconds``: its training time. ``lr``: stated for the plateau alone.

    What it calls epoch 0 cannot be told: the untrained network or the one after the first epoch.
    """

    data: str
    hidden: tuple[int, int] | None
    rows: tuple[PublishedRow, ...]
    seconds: float | None = None
    lr: float | None = None
    source: str = REPORT_001

    @property
    def epochs(self) -> int:
        """Epochs of the training."""
        return self.rows[-1].epoch

    @property
    def last(self) -> PublishedRow:
        """The network at the end of the training."""
        return self.rows[-1]

    def row(self, epoch: int) -> PublishedRow | None:
        """What is published of ``epoch``, if anything is."""
        return next((row for row in self.rows if row.epoch == epoch), None)


def _rows(every: int, *pairs: tuple[float, float]) -> tuple[PublishedRow, ...]:
    """Rows at epochs 0, ``every``, 2 ``every``, ... of loss and accuracy in percent, as they are printed."""
    return tuple(PublishedRow(i * every, loss, round(percent / 100, 6)) for i, (loss, percent) in enumerate(pairs))


LINEAR = PublishedPoints(
    "linear",
    (64, 64),
    _rows(
        250,
        (15.3336, 53.34),
        (3.2052, 84.74),
        (2.3631, 88.26),
        (1.9154, 90.20),
        (1.6212, 91.50),
        (1.4103, 92.46),
        (1.2513, 93.19),
        (1.1284, 93.76),
        (1.0299, 94.22),
        (0.9478, 94.59),
        (0.8777, 94.92),
        (0.8169, 95.20),
        (0.7636, 95.45),
        (0.7163, 95.67),
        (0.6740, 95.87),
        (0.6360, 96.05),
        (0.6016, 96.21),
        (0.5702, 96.36),
        (0.5414, 96.50),
        (0.5150, 96.62),
        (0.4907, 96.74),
    ),
    seconds=20.0,
)
"""Part 1, linear points."""

XOR = PublishedPoints(
    "xor",
    (64, 64),
    _rows(
        250,
        (29.2697, 50.45),
        (10.4599, 62.36),
        (7.2477, 70.99),
        (5.7383, 76.14),
        (4.8718, 79.43),
        (4.2925, 81.74),
        (3.8694, 83.47),
        (3.5424, 84.83),
        (3.2795, 85.93),
        (3.0618, 86.84),
        (2.8775, 87.62),
        (2.7188, 88.28),
        (2.5801, 88.87),
        (2.4575, 89.38),
        (2.3480, 89.84),
        (2.2495, 90.26),
        (2.1601, 90.63),
        (2.0785, 90.97),
        (2.0036, 91.28),
        (1.9345, 91.57),
        (1.8708, 91.84),
    ),
    seconds=19.5,
)
"""Part 1, XOR points."""


def _width(hidden: tuple[int, int], seconds: float, *pairs: tuple[float, float]) -> PublishedPoints:
    return PublishedPoints("xor", hidden, _rows(500, *pairs), seconds)


_WIDTHS = (
    _width((64, 64), 7.1, (17.9294, 52.10), (8.7622, 67.29), (6.2196, 74.73), (4.9643, 78.98), (4.2003, 81.81)),
    _width((128, 128), 31.4, (34.9410, 49.29), (4.9069, 79.03), (3.8776, 83.14), (3.3353, 85.40), (2.9671, 86.96)),
    _width((256, 256), 120.8, (33.9902, 50.72), (3.2241, 85.91), (2.4795, 89.17), (2.0830, 90.89), (1.8126, 92.03)),
    _width((512, 512), 392.0, (33.1493, 51.18), (2.1529, 90.57), (1.8284, 91.99), (1.6574, 92.76), (1.4980, 93.42)),
    _width((256, 512), 219.2, (22.1057, 52.37), (2.7005, 88.29), (2.3282, 89.96), (2.1118, 90.91), (1.9515, 91.59)),
    _width((512, 256), 216.2, (34.9710, 49.26), (2.5397, 88.36), (2.1156, 90.41), (1.8601, 91.62), (1.6816, 92.41)),
)
WIDTHS: dict[tuple[int, int], PublishedPoints] = {run.hidden: run for run in _WIDTHS if run.hidden}
"""Part 2, XOR points, by the widths of the two hidden layers, in the report's order."""

PLATEAU = PublishedPoints(
    "xor",
    None,
    tuple(PublishedRow(epoch, 34.00, 0.5072) for epoch in range(35_800, 40_001, 200)),
    lr=0.0005,
)
"""The run that did not learn; the report asks whether it was a local minimum or a vanishing gradient.

Which data and widths it had is not stated: 50.72 % of right answers at a loss of 34.00 are 35 of 69 points, XOR."""


@dataclass(frozen=True)
class PublishedTest:
    """Part 3, linear points after 2000 epochs at (64, 64): accuracy in training and on two sets of 70 new points.

    The training accuracy does not fit ``LINEAR``, 94.22 % after as many epochs: it is another run.
    """

    epochs: int = 2000
    train_accuracy: float = 0.8629
    test_accuracies: tuple[float, float] = (0.8198, 0.9073)
    source: str = REPORT_001


LINEAR_TEST = PublishedTest()


def published_points(data: str, hidden: tuple[int, ...]) -> PublishedPoints | None:
    """The training of part 1 or part 2 on ``data`` with these widths; of (64, 64) the longer one, part 1's."""
    for run in (LINEAR, XOR, *_WIDTHS):
        if run.data == data and run.hidden == hidden:
            return run
    return None


REPORT_000 = "Y.-E. Liu, Lab 4: Back-Propagation Through Time (BPTT)"


@dataclass(frozen=True)
class PublishedEpoch:
    """``error``: share of wrong bits. ``accuracy``: share of whole sums right, among 1000 an epoch."""

    epoch: int
    error: float
    accuracy: float


@dataclass(frozen=True)
class PublishedAdder:
    """The training that report 000 prints (8 bits, 16 units, rate 0.01), without epoch 9, which its print lacks.

    ``pairs``: the sums of its last test, as it counts them: "127x127". Its loop runs from 0 + 0 to 127 + 127, which are
    128 x 128 = 16,384: an error of the report.
    """

    rows: tuple[PublishedEpoch, ...]
    pairs: int = 127 * 127
    test_accuracy: float = 1.0
    bits: int = 8
    source: str = REPORT_000

    @property
    def epochs_to_perfect(self) -> int:
        """The first epoch without a wrong sum."""
        return next(row.epoch for row in self.rows if row.accuracy == 1)

    def row(self, epoch: int) -> PublishedEpoch | None:
        """What is published of ``epoch``, if anything is."""
        return next((row for row in self.rows if row.epoch == epoch), None)


ADDER = PublishedAdder(
    (
        PublishedEpoch(1, 0.367875, 0.055),
        PublishedEpoch(2, 0.21175, 0.278),
        PublishedEpoch(3, 0.16475, 0.376),
        PublishedEpoch(4, 0.104125, 0.509),
        PublishedEpoch(5, 0.056125, 0.719),
        *(PublishedEpoch(epoch, 0.0, 1.0) for epoch in (6, 7, 8, 10, 11, 12, 13, 14, 15)),
    )
)
"""Section 1 of report 000."""

REPORT_002 = "PRML Assignment-3 Report (LSTM and Tang poems)"


@dataclass(frozen=True)
class PublishedPoems:
    """What report 002 prints of its trained network: poems that begin with ``starts``. Its curves are not numbers.

    The report writes its second start in the simplified form 红, its poem in the traditional one.
    """

    starts: str
    poems: tuple[str, ...]
    source: str = REPORT_002


POEMS = PublishedPoems(
    "日紅山夜湖海月",
    (
        "日暮銅雀閣，山川上月華。",
        "紅萼競燃春苑曙，春風吹雪寒山。",
        "山中有餘，何處是鄉。何言嶧陽，不敢寧。",
        "夜久星回凛，三秋月照春。",
        "湖上春風吹，長安得知名。",
        "海岳臨丹壑，仙閣涌南薰。",
        "月皎傍風送，山風照安思。",
    ),
)
"""Part 2 of report 002."""
