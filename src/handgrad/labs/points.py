"""Lab ``points``: a network of two hidden sigmoid layers learns to tell two classes of points apart, online.

Source: C.-H. Liao (2020), Back-propagation Implementation Report, NCTU Deep Learning and Practice, lab 1. Everything
is sigmoid, the loss is the squared error, weights and biases begin as N(0, 1), and every point is a step of SGD. The
report does not state its learning rate; the default here is ours.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import import_module
from itertools import pairwise
from typing import Any

import numpy as np

from handgrad.data.dataset import Dataset
from handgrad.errors import Diverged, UsageError, out_of_range, unknown_choice
from handgrad.labs.result import LabResult, Reporter
from handgrad.labs.resuming import training_of
from handgrad.labs.settings import option
from handgrad.network.engine import EngineName
from handgrad.network.layers import Dense, Layer, Sigmoid
from handgrad.network.losses import SquaredError
from handgrad.network.sequential import Sequential
from handgrad.options import POSITIVE, number, whole
from handgrad.training.callbacks import Every
from handgrad.training.checkpoints import Training
from handgrad.training.history import Epoch, History
from handgrad.training.optimizers import SGD

LEARNING_RATE = 0.05
STUDIES = ("widths", "learning-rates", "linear-vs-xor", "boundary", "stages", "plateau")
GENERATED = ("linear", "xor")  # data that is not read from a file
_MOST_PARAMETERS = 100_000_000
_PROGRESS_STEPS = 100  # how often a training reports how far it is


@dataclass(frozen=True)
class PointsPlan:
    """One training, with nothing left open. ``dataclasses.replace(plan, hidden=(128, 128))`` makes a variant."""

    data: str = "linear"
    hidden: tuple[int, ...] = (64, 64)
    epochs: int = 5000
    lr: float = LEARNING_RATE
    seed: int = 0
    engine: EngineName = "compiled"
    log_every: int = 250


@dataclass(frozen=True)
class PointsSettings:
    """The command line of the lab. What is None follows from what is run: the basic lab and each study have their own
    defaults, see ``plan``. Raises UsageError for a value that no training could use."""

    data: str | None = option(None, "linear, xor, or the path of a CSV file: two features and a label.", "linear")
    hidden: tuple[int, ...] | None = option(None, "Widths of the hidden layers, with commas; any depth.", "64,64")
    epochs: int | None = option(None, "Passes over the training points.", "5000")
    lr: float | None = option(None, "Learning rate of SGD; the report states none.", f"{LEARNING_RATE}")
    seed: int = option(0, "Draws the points, the first parameters and the order of the points.")
    engine: EngineName = option("compiled", "numpy is slow, for reading and debugging.")
    log_every: int = option(250, "Epochs from one line of the log to the next.")
    show_predictions: bool = option(False, "Print what the trained network says of every training and test point.")
    study: str | None = option(None, f"A comparison of the report's instead of one training: {', '.join(STUDIES)}.")

    def __post_init__(self) -> None:
        at_least_1 = "a whole number of at least 1"
        if self.hidden is not None:
            if not self.hidden:
                raise out_of_range("hidden", "empty", "at least one width, for example 64,64")
            for width in self.hidden:
                whole("a width of hidden", width, at_least_1)
            _check_size(self.hidden)
        if self.epochs is not None:
            whole("epochs", self.epochs, at_least_1)
        if self.lr is not None:
            number("lr", self.lr, POSITIVE)
        whole("log_every", self.log_every, at_least_1)
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise out_of_range("seed", self.seed, "a whole number of at least 0")
        if self.engine not in ("compiled", "numpy"):
            raise unknown_choice("engine", self.engine, ("compiled", "numpy"))

    def plan(
        self,
        *,
        data: str = "linear",
        hidden: tuple[int, ...] = (64, 64),
        epochs: int = 5000,
        lr: float = LEARNING_RATE,
    ) -> PointsPlan:
        """What is to be trained: the settings that were given, and these defaults for those that were not."""
        return PointsPlan(
            data=data if self.data is None else self.data,
            hidden=hidden if self.hidden is None else self.hidden,
            epochs=epochs if self.epochs is None else self.epochs,
            lr=lr if self.lr is None else self.lr,
            seed=self.seed,
            engine=self.engine,
            log_every=self.log_every,
        )

    def refuse(self, *names: str) -> None:
        """For a study that chooses some settings itself. Raises UsageError if one of ``names`` was given."""
        for name in names:
            if getattr(self, name) is not None:
                option = name.replace("_", "-")
                raise UsageError(
                    f"--study {self.study} chooses {option} itself, but --{option} was given; leave it out"
                )


@dataclass(frozen=True)
class PointsRow:
    """The network after ``epoch`` epochs (0: untrained), measured over all points while it stands still.

    ``loss``: squared error, summed over the training points. ``accuracy``: the report's, 1 - mean |y - t|.
    ``right_share``: share of points on the right side of y = 0.5. The same for the test points. ``seconds``: of
    training until then.
    """

    epoch: int
    loss: float
    accuracy: float
    right_share: float
    test_accuracy: float
    test_right_share: float
    seconds: float


@dataclass(frozen=True)
class TrainedPoints:
    """A training and what came of it. ``error`` is the sentence of a divergence; a study that meets ``interrupted``
    makes no further training, and hands it on in its LabResult."""

    plan: PointsPlan
    dataset: Dataset
    network: Sequential
    history: History
    rows: list[PointsRow]
    interrupted: bool = False
    error: str = ""

    @property
    def last(self) -> PointsRow:
        """The latest measurement."""
        return self.rows[-1]

    @property
    def train_seconds(self) -> float:
        """Seconds of training, without the measurements between."""
        return self.history.seconds


def _check_size(hidden: tuple[int, ...]) -> None:
    """Raises UsageError for widths that no memory would hold."""
    widths = (2, *hidden, 1)
    parameters = sum((before + 1) * after for before, after in pairwise(widths))
    if parameters > _MOST_PARAMETERS:
        given = f"{','.join(map(str, hidden))} ({parameters:,} parameters)"
        raise out_of_range("hidden", given, f"widths with at most {_MOST_PARAMETERS:,} parameters")


def build_network(plan: PointsPlan) -> Sequential:
    """The untrained network 2-h-...-1 of the plan, sigmoid everywhere, all parameters N(0, 1) by the plan's seed."""
    layers: list[Layer] = []
    for width in (*plan.hidden, 1):
        layers += [Dense(width, weights="normal", biases="normal"), Sigmoid()]
    return Sequential(layers, input_shape=(2,), loss=SquaredError(), seed=plan.seed)


def measure(network: Sequential, dataset: Dataset, epoch: int, seconds: float, engine: EngineName) -> PointsRow:
    """Loss, accuracy and share of right classes on both parts of ``dataset``."""
    y = network.predict(dataset.x, engine=engine).astype(np.float64)
    y_test = network.predict(dataset.x_test, engine=engine).astype(np.float64)
    return PointsRow(
        epoch=epoch,
        loss=float(((y - dataset.t) ** 2).sum()),
        accuracy=_accuracy(y, dataset.t),
        right_share=_right_share(y, dataset.t),
        test_accuracy=_accuracy(y_test, dataset.t_test),
        test_right_share=_right_share(y_test, dataset.t_test),
        seconds=seconds,
    )


def _accuracy(y: Any, t: Any) -> float:
    return float(1 - np.abs(y - t).mean())


def _right_share(y: Any, t: Any) -> float:
    return float(((y > 0.5) == (t > 0.5)).mean())


def train(
    plan: PointsPlan,
    dataset: Dataset,
    reporter: Reporter,
    *,
    label: str = "",
    network: Sequential | None = None,
    on_row: Callable[[Sequential, PointsRow], Any] | None = None,
) -> TrainedPoints:
    """Train ``plan`` on ``dataset``; Ctrl-C and divergence are told in the result, not raised.

    Measured before training and after every ``plan.log_every`` epochs and the last; each row goes to the reporter
    (with ``label``, the name of this training among several) and to ``on_row(network, row)``. Give ``network`` to
    begin with other parameters than ``build_network`` draws.
    """
    network = build_network(plan) if network is None else network
    rows: list[PointsRow] = []

    def look(net: Sequential, epoch: int, seconds: float) -> None:
        row = measure(net, dataset, epoch, seconds, plan.engine)
        rows.append(row)
        reporter.metrics(({"label": label} if label else {}) | asdict(row))
        if on_row is not None:
            on_row(net, row)

    def progress(net: Sequential, epoch: Epoch) -> None:
        reporter.progress(epoch.epoch, plan.epochs, label)

    look(network, 0, 0.0)
    interrupted, error = False, ""
    try:
        with training_of(reporter, label) as training:
            keep_rows(training, rows)
            network.fit(
                dataset.x,
                dataset.t,
                epochs=plan.epochs,
                batch_size=1,
                optimizer=SGD(lr=plan.lr),
                callbacks=[
                    Every(plan.log_every, lambda net, epoch: look(net, epoch.epoch, epoch.seconds)),
                    Every(-(-plan.epochs // _PROGRESS_STEPS), progress),
                ],
                checkpoints=training,
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


def keep_rows(training: Training, rows: list[PointsRow]) -> None:
    """Have the measurements ``rows`` in the checkpoints of ``training``, or take them from there."""

    def restore(saved: dict[str, Any]) -> None:
        rows[:] = [PointsRow(**row) for row in saved["rows"]]

    training.attach("rows", lambda: {"rows": [asdict(row) for row in rows]}, restore)


def run(settings: PointsSettings, reporter: Reporter) -> LabResult:
    """The basic lab, or the study that ``settings`` names. Raises InputError for data that cannot be used, UsageError
    for a study that does not exist."""
    if settings.study is None:
        from handgrad.labs.points_basic import run_basic

        return run_basic(settings, reporter)
    if settings.study not in STUDIES:
        raise unknown_choice("study", settings.study, STUDIES)
    studies: Any = import_module("handgrad.labs.points_studies")
    study: Callable[[PointsSettings, Reporter], LabResult] = studies.STUDIES[settings.study]
    return study(settings, reporter)
