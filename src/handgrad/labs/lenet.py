"""Lab ``lenet``: LeNet-5 as it was published learns to read handwritten digits.

Source: LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to document recognition, section II-B;
Liao (2018), Assignment 4: BP, section 3 ("report 003"), which derives its gradients. 32 x 32 pixels, C1 6 maps of
28 x 28, S2 trainable subsampling, C3 16 maps of 10 x 10 along the 60 links of table I, S4, C5 120, F6 84, ten outputs;
here by softmax and cross-entropy, as in the report, where LeCun has radial basis functions.

How it learns is ours (LeCun: a diagonal Levenberg-Marquardt method, one image at a time). What is not given follows
from the data; the defaults were chosen on training images that were held out, never on the test images.
"""

from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any, Literal, NamedTuple, get_args

from handgrad.errors import UsageError, out_of_range, unknown_choice
from handgrad.labs.result import LabResult, Reporter
from handgrad.labs.settings import option
from handgrad.network.engine import EngineName
from handgrad.options import NOT_NEGATIVE, POSITIVE, Range, number, seed_number, whole
from handgrad.training.optimizers import SGD, Optimizer, optimizer
from handgrad.training.schedules import CosineSchedule, Schedule, WarmUpSchedule

DataName = Literal["digits", "mnist"]
PoolName = Literal["trainable", "mean", "max"]
ActivationName = Literal["scaled_tanh", "tanh", "sigmoid", "relu"]
OptimizerName = Literal["sgd", "rmsprop", "adam", "adamw"]

STUDIES = ("links", "pooling")
MOST_SHIFT = 4
"""Pixels: the widest border of a digit in its field."""

_BETWEEN = Range(lambda v: 0 < v < 1, "a number between 0 and 1")
_MOMENTUM = 0.9
_WARM_UP = 0.05  # of the training: the first steps, from weights that mean nothing yet, are small
_MOST = 10_000_000


class _Defaults(NamedTuple):
    epochs: int
    batch_size: int
    shift: int


_DEFAULTS: dict[str, _Defaults] = {"digits": _Defaults(30, 32, 1), "mnist": _Defaults(15, 64, 1)}
_RATES = {"sgd": 0.05, "rmsprop": 0.001, "adam": 0.005, "adamw": 0.005}


def _by_data(name: str) -> str:
    return ", ".join(f"{data}: {getattr(defaults, name):g}" for data, defaults in _DEFAULTS.items())


@dataclass(frozen=True)
class LenetSettings:
    """The command line of the lab. What is None follows from the data, see ``plan``; a study has its own defaults.
    Raises UsageError for a value that no training could use."""

    data: DataName = option(
        "digits", "digits: scikit-learn's 8 x 8, enlarged, no download; mnist: 28 x 28 with a border."
    )
    data_dir: str | None = option(None, "Folder of the four MNIST files.", "HANDGRAD_DATA, or a download")
    links: str = option("lecun", "C3's link table: lecun (60 links), full, or a file of 6 rows of 16 zeros and ones.")
    pool: PoolName = option("trainable", "Of S2 and S4: a weight and a bias for each map, the mean, or the largest.")
    activation: ActivationName = option("scaled_tanh", "Behind each layer; scaled_tanh is LeCun's.")
    optimizer: OptimizerName = option("sgd", f"How the parameters move; sgd with Nesterov's momentum {_MOMENTUM}.")
    lr: float | None = option(
        None, "Learning rate, the highest.", ", ".join(f"{name}: {rate:g}" for name, rate in _RATES.items())
    )
    weight_decay: float = option(0.0, "Lambda in lambda/2 sum W^2, a part of the loss.")
    epochs: int | None = option(None, "Passes over the training images.", _by_data("epochs"))
    batch_size: int | None = option(None, "Images to a step.", _by_data("batch_size"))
    shift: int | None = option(
        None, "Pixels by which an image is moved at most, each time it is learned from, anew.", _by_data("shift")
    )
    validation_share: float | None = option(None, "Share of the training images to hold out.", "none")
    seed: int = option(0, "Draws the first parameters, the order and the shifts of the images, what is held out.")
    engine: EngineName = option("compiled", "numpy is very slow, for reading and debugging.")
    study: str | None = option(None, f"A comparison instead of one training: {', '.join(STUDIES)}.")

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise unknown_choice(name, getattr(self, name), choices)
        if not isinstance(self.links, str) or not self.links:
            raise out_of_range("links", repr(self.links), "lecun, full or the name of a file")
        for name in ("epochs", "batch_size"):
            given = getattr(self, name)
            expected = f"a whole number from 1 to {_MOST:,}"
            if given is not None and whole(name, given, expected) > _MOST:
                raise out_of_range(name, f"{given:,}", expected)
        if self.shift is not None and whole("shift", self.shift, _SHIFTS, 0) > MOST_SHIFT:
            raise out_of_range("shift", self.shift, _SHIFTS)
        for name, allowed in (("lr", POSITIVE), ("weight_decay", NOT_NEGATIVE), ("validation_share", _BETWEEN)):
            if getattr(self, name) is not None:
                number(name, getattr(self, name), allowed)
        seed_number(self.seed)
        if self.data_dir is not None and self.data != "mnist":
            raise UsageError(f"data_dir is {self.data_dir}, but {self.data} are read from no folder; add --data mnist")

    def plan(self, epochs: int | None = None) -> "LenetPlan":
        """What is to be trained: the settings that were given, and defaults for those that were not; ``epochs`` is a
        study's default."""
        defaults = _DEFAULTS[self.data]
        return LenetPlan(
            data=self.data,
            data_dir=self.data_dir,
            links=self.links,
            pool=self.pool,
            activation=self.activation,
            optimizer=self._optimizer(),
            schedule=WarmUpSchedule(_WARM_UP * (self.epochs or epochs or defaults.epochs), CosineSchedule()),
            weight_decay=float(self.weight_decay),
            epochs=self.epochs or epochs or defaults.epochs,
            batch_size=self.batch_size or defaults.batch_size,
            shift=defaults.shift if self.shift is None else self.shift,
            validation_share=self.validation_share,
            seed=self.seed,
            engine=self.engine,
        )

    def _optimizer(self) -> Optimizer:
        rate = _RATES[self.optimizer] if self.lr is None else float(self.lr)
        return SGD(rate, _MOMENTUM, nesterov=True) if self.optimizer == "sgd" else optimizer(self.optimizer, rate)

    def refuse(self, name: str, default: Any) -> None:
        """For a study that chooses a setting itself. Raises UsageError if it was given."""
        if getattr(self, name) != default:
            raise UsageError(f"--study {self.study} chooses {name} itself, but --{name} was given; leave it out")


_SHIFTS = f"a whole number of pixels from 0 to {MOST_SHIFT}"
_CHOICES: dict[str, tuple[str, ...]] = {
    "data": get_args(DataName),
    "pool": get_args(PoolName),
    "activation": get_args(ActivationName),
    "optimizer": get_args(OptimizerName),
    "engine": get_args(EngineName),
}


@dataclass(frozen=True)
class LenetPlan:
    """One training, with nothing left open."""

    data: DataName
    data_dir: str | None
    links: str
    pool: PoolName
    activation: ActivationName
    optimizer: Optimizer
    schedule: Schedule
    weight_decay: float
    epochs: int
    batch_size: int
    shift: int
    validation_share: float | None
    seed: int
    engine: EngineName

    def filled(self, settings: LenetSettings) -> dict[str, Any]:
        """All settings, with the values that were used for those that were not given."""
        used = {name: getattr(self, name) for name in ("epochs", "batch_size", "shift")}
        return asdict(settings) | used | {"lr": self.optimizer.lr}


def run(settings: LenetSettings, reporter: Reporter) -> LabResult:
    """The basic lab, or the study that ``settings`` names. Raises UsageError for a study that does not exist,
    InputError for data or a link table that cannot be used."""
    if settings.study is None:
        from handgrad.labs.lenet_basic import run_basic

        return run_basic(settings, reporter)
    if settings.study not in STUDIES:
        raise unknown_choice("study", settings.study, STUDIES)
    studies: Any = import_module("handgrad.labs.lenet_studies")
    result: LabResult = studies.STUDIES[settings.study](settings, reporter)
    return result
