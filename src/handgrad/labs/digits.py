"""Lab ``digits``: a network with one hidden layer learns to read handwritten digits.

Source: W. Liao (2018), Assignment 4: BP, section 2: d features, M hidden units, C classes, cross-entropy or L2
distance, weight decay in the loss. The report derives, and measures nothing: all settings are ours.

``cross-entropy`` is taken on logits, behind a softmax. ``l2`` is the squared error between the one-hot class and the
softmax of the logits, so that the outputs are probabilities either way. What is not given follows from the data; the
defaults were chosen on training images that were held out, never on the test images.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple, get_args

from handgrad.errors import UsageError, out_of_range, unknown_choice
from handgrad.labs.result import LabResult, Reporter
from handgrad.labs.settings import option
from handgrad.network.engine import EngineName
from handgrad.options import NOT_NEGATIVE, POSITIVE, Range, number, whole
from handgrad.training.optimizers import SGD, AdamW, Optimizer, optimizer
from handgrad.training.schedules import ConstantSchedule, CosineSchedule, Schedule, StepSchedule, WarmUpSchedule

DataName = Literal["digits", "mnist"]
LossName = Literal["cross-entropy", "l2"]
ActivationName = Literal["sigmoid", "tanh", "relu", "scaled_tanh", "leaky_relu"]
OptimizerName = Literal["sgd", "adagrad", "adadelta", "rmsprop", "adam", "adamw"]
ScheduleName = Literal["constant", "cosine", "step"]

_BETWEEN = Range(lambda v: 0 < v < 1, "a number between 0 and 1")
_MOMENTUM = Range(lambda v: 0 <= v < 1, "a number from 0 to below 1")
_LR, _MOMENTUM_DEFAULT, _VALIDATION_SHARE = 0.3, 0.9, 0.1
_WARM_UP = 0.2  # of the epochs: at the full rate from the start, many ReLUs would fall silent for good
_MOST_HIDDEN = 100_000
_STEPS = 3  # the step schedule has three levels


class _Defaults(NamedTuple):
    epochs: int
    batch_size: int
    weight_decay: float


_DEFAULTS: dict[str, _Defaults] = {"digits": _Defaults(40, 32, 3e-4), "mnist": _Defaults(10, 128, 1e-4)}


def _by_data(name: str) -> str:
    return ", ".join(f"{data}: {getattr(defaults, name):g}" for data, defaults in _DEFAULTS.items())


@dataclass(frozen=True)
class DigitsSettings:
    """The command line of the lab. What is None follows from the data and the optimizer, see ``plan``. Raises
    UsageError for a value that no training could use."""

    data: DataName = option("digits", "digits: scikit-learn's, 8 x 8 pixels, no download; mnist: 28 x 28 pixels.")
    data_dir: str | None = option(None, "Folder of the four MNIST files.", "HANDGRAD_DATA, or a download")
    hidden: int = option(128, "Units of the hidden layer.")
    activation: ActivationName = option("relu", "Of the hidden units.")
    loss: LossName = option("cross-entropy", "l2: squared error; both behind a softmax.")
    weight_decay: float | None = option(
        None,
        "Lambda in lambda/2 sum W^2, a part of the loss; with adamw, that optimizer's own.",
        _by_data("weight_decay"),
    )
    optimizer: OptimizerName = option("sgd", "How the parameters move.")
    lr: float | None = option(None, "Learning rate.", f"sgd: {_LR}; others: their usual one")
    momentum: float | None = option(None, "Nesterov's momentum, of sgd alone.", f"{_MOMENTUM_DEFAULT}")
    epochs: int | None = option(None, "Passes over the training images.", _by_data("epochs"))
    batch_size: int | None = option(None, "Images to a step.", _by_data("batch_size"))
    schedule: ScheduleName = option("cosine", "Of the learning rate; step: a tenth after each third of the training.")
    warm_up: float | None = option(
        None, "Epochs in which the learning rate climbs to its full value.", "a fifth of the epochs"
    )
    early_stopping: int | None = option(
        None, "Epochs without a lower validation loss after which training stops.", "off"
    )
    validation_share: float | None = option(
        None, "Share of the training images to hold out.", f"{_VALIDATION_SHARE} with early stopping, else none"
    )
    log_every: int = option(1, "Epochs from one measurement to the next.")
    seed: int = option(0, "Draws the first parameters, the order of the images, and what is held out.")
    engine: EngineName = option("compiled", "numpy is slow, for reading and debugging.")

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise unknown_choice(name, getattr(self, name), choices)
        for name in ("hidden", "epochs", "batch_size", "early_stopping", "log_every"):
            if getattr(self, name) is not None or name in ("hidden", "log_every"):
                whole(name, getattr(self, name), "a whole number of at least 1")
        if self.hidden > _MOST_HIDDEN:
            raise out_of_range("hidden", self.hidden, f"at most {_MOST_HIDDEN:,} units")
        for name, allowed in _RANGES.items():
            if getattr(self, name) is not None:
                number(name, getattr(self, name), allowed)
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise out_of_range("seed", self.seed, "a whole number of at least 0")
        self._check_together()

    def _check_together(self) -> None:
        """Settings that are right by themselves and do not fit each other."""
        if self.data_dir is not None and self.data != "mnist":
            raise UsageError(f"data_dir is {self.data_dir}, but {self.data} are read from no folder; add --data mnist")
        if self.momentum is not None and self.optimizer != "sgd":
            raise UsageError(f"momentum is {self.momentum:g}, but {self.optimizer} takes none; only sgd does")
        plan = self.plan()
        if plan.warm_up >= plan.epochs:
            raise out_of_range("warm_up", f"{plan.warm_up:g}", f"less than the {plan.epochs} epochs of the training")

    def plan(self) -> "DigitsPlan":
        """What is to be trained: the settings that were given, and defaults for those that were not."""
        defaults = _DEFAULTS[self.data]
        epochs = self.epochs or defaults.epochs
        warm_up = _WARM_UP * epochs if self.warm_up is None else float(self.warm_up)
        share = self.validation_share
        if share is None and self.early_stopping is not None:
            share = _VALIDATION_SHARE
        decay = defaults.weight_decay if self.weight_decay is None else self.weight_decay
        return DigitsPlan(
            data=self.data,
            data_dir=self.data_dir,
            hidden=self.hidden,
            activation=self.activation,
            loss=self.loss,
            weight_decay=0.0 if self.optimizer == "adamw" else decay,
            optimizer=self._optimizer(),
            schedule=self._schedule(epochs, warm_up),
            warm_up=warm_up,
            epochs=epochs,
            batch_size=self.batch_size or defaults.batch_size,
            early_stopping=self.early_stopping,
            validation_share=share,
            log_every=self.log_every,
            seed=self.seed,
            engine=self.engine,
        )

    def _optimizer(self) -> Optimizer:
        if self.optimizer == "sgd":
            momentum = _MOMENTUM_DEFAULT if self.momentum is None else self.momentum
            return SGD(_LR if self.lr is None else self.lr, momentum, nesterov=momentum > 0)
        if self.optimizer == "adamw" and self.weight_decay is not None:
            return optimizer(AdamW(weight_decay=self.weight_decay), self.lr)
        return optimizer(self.optimizer, self.lr)

    def _schedule(self, epochs: int, warm_up: float) -> Schedule:
        every = max(1, math.ceil((epochs - warm_up) / _STEPS))
        schedules: dict[str, Schedule] = {
            "constant": ConstantSchedule(),
            "cosine": CosineSchedule(),
            "step": StepSchedule(every),
        }
        chosen = schedules[self.schedule]
        return WarmUpSchedule(warm_up, chosen) if 0 < warm_up < epochs else chosen


_CHOICES: dict[str, tuple[str, ...]] = {
    "data": get_args(DataName),
    "loss": get_args(LossName),
    "activation": get_args(ActivationName),
    "optimizer": get_args(OptimizerName),
    "schedule": get_args(ScheduleName),
    "engine": get_args(EngineName),
}
_RANGES = {
    "weight_decay": NOT_NEGATIVE,
    "lr": POSITIVE,
    "momentum": _MOMENTUM,
    "warm_up": NOT_NEGATIVE,
    "validation_share": _BETWEEN,
}


@dataclass(frozen=True)
class DigitsPlan:
    """One training, with nothing left open. ``weight_decay`` is that of the loss."""

    data: DataName
    data_dir: str | None
    hidden: int
    activation: ActivationName
    loss: LossName
    weight_decay: float
    optimizer: Optimizer
    schedule: Schedule
    warm_up: float
    epochs: int
    batch_size: int
    early_stopping: int | None
    validation_share: float | None
    log_every: int
    seed: int
    engine: EngineName

    def filled(self, settings: DigitsSettings) -> dict[str, Any]:
        """All settings, with the values that were used for those that were not given."""
        known = {
            "weight_decay": getattr(self.optimizer, "weight_decay", self.weight_decay),
            "lr": self.optimizer.lr,
            "momentum": getattr(self.optimizer, "momentum", None) if isinstance(self.optimizer, SGD) else None,
            "warm_up": self.warm_up,
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "validation_share": self.validation_share,
        }
        return asdict(settings) | known


def run(settings: DigitsSettings, reporter: Reporter) -> LabResult:
    """Load the digits, train, and put what came of it together. Raises InputError for data that cannot be used."""
    from handgrad.data.digits import load_digits_8x8
    from handgrad.data.mnist import load_mnist
    from handgrad.labs.digits_results import results
    from handgrad.labs.digits_training import train

    plan = settings.plan()
    mnist = plan.data == "mnist"
    dataset = load_mnist(plan.data_dir, announce=reporter.say) if mnist else load_digits_8x8(plan.seed)
    trained = train(plan, dataset, reporter)
    try:
        return results(trained, plan.filled(settings))
    except KeyboardInterrupt:  # what was learned is there, and is saved
        done = {"epochs": len(trained.history), "train_seconds": trained.history.seconds}
        document = {"lab": "digits", "engine": plan.engine, "seed": plan.seed, "settings": plan.filled(settings)} | done
        return LabResult(document, network=trained.network, interrupted=True)
