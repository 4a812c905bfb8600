"""Lab ``counter``: one ReLU neuron with a recurrent weight learns to count the ones of a sequence.

    r_n = w_rec s_{n-1} + w_x x_n,    s_n = ReLU(r_n),    E = sum_n 1/2 (s_n - t_n)^2,    t_n = x_0 + ... + x_n

Source: the report on a recurrent neural network exercise (2018), one neuron without an output layer, four sequences of
five bits, 1000 iterations over all of them at once. The answer is w_rec = w_x = 1. The report draws both weights from
[0, 2), has the learning rate 0.001 (0.01 in its code), and finds that a length of 10 "struggles". The default setting
here learns up to length 50; ``--setting published`` is the report's.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from typing import Any, ClassVar, Literal, get_args

from handgrad.data.counting import Sequences, load_sequences, random_sequences
from handgrad.errors import UsageError, out_of_range, unknown_choice
from handgrad.labs.result import LabResult, Reporter
from handgrad.labs.settings import option
from handgrad.network.engine import EngineName
from handgrad.options import DECAY, FINITE, NOT_NEGATIVE, POSITIVE, number, seed_number, whole

MethodName = Literal["exact", "published-1", "published-2"]
SettingName = Literal["robust", "published"]
ScaleName = Literal["length", "shared", "none"]

METHODS: tuple[str, ...] = get_args(MethodName)
STUDIES = ("length",)
LEARNED = 1e-3
"""A counter that is nowhere further than this from the count, over all steps of all new sequences, has learned."""

LENGTH, SEQUENCES = 5, 4  # the report's
STUDY_LENGTHS, STUDY_SEEDS = (5, 10, 20, 50), 20
_MOST_STEPS = 10_000_000  # numbers in the training sequences, and in the test sequences


@dataclass(frozen=True)
class Rule:
    """How the weights begin and move. ``rate``: of the descent; ``scale``: "none", the rate is that of both weights;
    "length", the rate of each is divided by a bound on its own curvature; "shared", by the sum of both bounds
    (``counter_training.rates``). ``clip``: the
    longest step of (w_rec, w_x) that a gradient may ask for, 0 for any. ``momentum``: of the steps. ``reach``: both
    weights begin uniform in [0, reach)."""

    rate: float
    scale: ScaleName
    clip: float
    momentum: float
    reach: float


RULES: dict[SettingName, Rule] = {
    "robust": Rule(rate=1.3, scale="length", clip=0.01, momentum=0.9, reach=1.0),
    "published": Rule(rate=0.001, scale="none", clip=0.0, momentum=0.0, reach=2.0),
}


def _by_setting(name: str) -> str:
    return ", ".join(f"{setting}: {getattr(rule, name)}" for setting, rule in RULES.items())


def _option(name: str) -> str:
    """A setting as it is typed."""
    return f"--{name.replace('_', '-')}"


@dataclass(frozen=True)
class CounterPlan:
    """One training, with nothing left open. ``start``: (w_rec, w_x), or None to draw them by the seed."""

    length: int = LENGTH
    sequences: int = SEQUENCES
    data: str | None = None
    iterations: int = 1000
    method: MethodName = "exact"
    setting: SettingName = "robust"
    rule: Rule = RULES["robust"]
    start: tuple[float, float] | None = None
    test_sequences: int = 1000
    seed: int = 0
    engine: EngineName = "compiled"
    log_every: int = 100


@dataclass(frozen=True)
class CounterSettings:
    """The command line of the lab. What is None follows from ``setting`` and ``study``, see ``plan``. Raises UsageError
    for a value that no training could use."""

    about: ClassVar[str] = (
        "Measured: w_rec and w_x, which should both be 1; the largest error on new sequences; the angle between the "
        "exact gradient and each of the report's two directions; the exact gradient in seven forms. Read on in "
        "docs/labs/counter.md and docs/layers/rnn.md."
    )

    length: int | None = option(None, "Steps of every sequence.", f"{LENGTH}")
    sequences: int | None = option(None, "Sequences to train on, all at every iteration.", f"{SEQUENCES}")
    data: str | None = option(None, "A text file of training sequences, one in a line, instead of random ones.")
    iterations: int = option(1000, "Steps of the descent.")
    method: MethodName = option("exact", "Whose result is the run's; the others run beside it.")
    setting: SettingName = option("robust", "Rate, clipping, momentum and start; published: those of the report.")
    rate: float | None = option(None, "Learning rate; see --scale.", _by_setting("rate"))
    scale: ScaleName | None = option(
        None, "length: each weight's rate in units of what the length allows; shared: both alike.", _by_setting("scale")
    )
    clip: float | None = option(None, "Longest step that a gradient may ask for; 0: any.", _by_setting("clip"))
    momentum: float | None = option(None, "Momentum of the steps.", _by_setting("momentum"))
    start: tuple[float, ...] | None = option(None, "First w_rec and w_x, for example 1.5,0.2.", "drawn by the seed")
    test_sequences: int = option(1000, "New sequences for the test.")
    seed: int = option(0, "Draws the sequences and the first weights.")
    engine: EngineName = option("compiled", "numpy is slow, for reading and debugging.")
    log_every: int = option(100, "Iterations from one line of the log to the next.")
    study: str | None = option(None, f"Instead of one training: {', '.join(STUDIES)}.")
    lengths: tuple[int, ...] | None = option(None, "Of --study length.", ",".join(map(str, STUDY_LENGTHS)))
    seeds: int | None = option(None, "Trainings for each length, of --study length.", f"{STUDY_SEEDS}")

    def __post_init__(self) -> None:
        for name in ("length", "sequences", "iterations", "test_sequences", "log_every", "seeds"):
            if getattr(self, name) is not None:
                whole(_option(name), getattr(self, name))
        for each in self.lengths or ():
            whole("a length of --lengths", each)
        if self.lengths is not None and not self.lengths:
            raise out_of_range("--lengths", "empty", "at least one length, for example 5,10")
        for name, allowed in (("rate", POSITIVE), ("clip", NOT_NEGATIVE), ("momentum", DECAY)):
            if getattr(self, name) is not None:
                number(_option(name), getattr(self, name), allowed)
        choices: dict[str, tuple[str, ...]] = {"method": METHODS, "setting": get_args(SettingName)}
        choices |= {"scale": (*get_args(ScaleName),), "engine": get_args(EngineName)}
        for name, allowed_names in choices.items():
            if getattr(self, name) not in (*allowed_names, None):
                raise unknown_choice(_option(name), getattr(self, name), allowed_names)
        seed_number(self.seed)
        self._check_start()
        self._check_together()

    def _check_start(self) -> None:
        if self.start is None:
            return
        if len(self.start) != 2:
            given = ",".join(f"{value:g}" for value in self.start) or "empty"
            raise out_of_range("--start", given, "two numbers, w_rec and w_x, for example 1.5,0.2")
        for name, value in zip(("w_rec", "w_x"), self.start, strict=True):
            number(f"{name} of --start", value, FINITE)

    def _check_together(self) -> None:
        """Settings that are right by themselves and do not fit each other."""
        longest = max((self.length or LENGTH, *(self.lengths or STUDY_LENGTHS if self.study else ())))
        for name, n in (("sequences", self.sequences or SEQUENCES), ("test_sequences", self.test_sequences)):
            if longest * n > _MOST_STEPS:
                given = f"{n:,}, and the length {longest:,}: {n * longest:,} bits"
                raise out_of_range(_option(name), given, f"at most {_MOST_STEPS:,} bits")
        if self.study is None:
            for name in ("lengths", "seeds"):
                if getattr(self, name) is not None:
                    raise UsageError(f"--{name} was given, which belongs to --study length; add it, or leave it out")

    def refuse(self, *names: str) -> None:
        """For a study that chooses some settings itself. Raises UsageError if one of ``names`` was given."""
        for name in names:
            if getattr(self, name) is not None:
                raise UsageError(
                    f"--study {self.study} chooses {name} itself, but {_option(name)} was given; leave it out"
                )

    def rule(self) -> Rule:
        """That of ``setting``, with what was given in its place."""
        given = {name: getattr(self, name) for name in ("rate", "scale", "clip", "momentum")}
        return replace(RULES[self.setting], **{name: value for name, value in given.items() if value is not None})

    def plan(self) -> CounterPlan:
        """What is to be trained: the settings that were given, and defaults for those that were not."""
        start = None if self.start is None else (float(self.start[0]), float(self.start[1]))
        return CounterPlan(
            length=self.length or LENGTH,
            sequences=self.sequences or SEQUENCES,
            data=self.data,
            iterations=self.iterations,
            method=self.method,
            setting=self.setting,
            rule=self.rule(),
            start=start,
            test_sequences=self.test_sequences,
            seed=self.seed,
            engine=self.engine,
            log_every=self.log_every,
        )


def training_sequences(settings: CounterSettings) -> tuple[CounterPlan, Sequences]:
    """The training sequences of ``settings``, and the plan with their sizes. Raises InputError for a file that cannot
    be used, UsageError where a size that was given is not the file's."""
    plan = settings.plan()
    if plan.data is None:
        return plan, random_sequences(plan.length, plan.sequences, plan.seed)
    found = load_sequences(plan.data)
    sizes = dict(zip(("length", "sequences"), found.x.shape, strict=True))
    for name, size in sizes.items():
        if getattr(settings, name) not in (None, size):
            given = getattr(settings, name)
            raise UsageError(f"--{name} is {given}, but in {plan.data} it is {size}; leave --{name} out")
    return replace(plan, **sizes), found


def settings_of(plan: CounterPlan, **chosen: Any) -> dict[str, Any]:
    """The settings as they were filled in, flat, for ``config.toml`` and report; ``chosen`` are a study's own."""
    flat: dict[str, Any] = asdict(plan)
    rule: dict[str, Any] = flat.pop("rule")
    return flat | rule | chosen


def run(settings: CounterSettings, reporter: Reporter) -> LabResult:
    """The basic lab, or the study that ``settings`` names. Raises InputError for data that cannot be used, UsageError
    for a study that does not exist."""
    if settings.study is None:
        from handgrad.labs.counter_basic import run_basic

        return run_basic(settings, reporter)
    if settings.study not in STUDIES:
        raise unknown_choice("--study", settings.study, STUDIES)
    studies: Any = import_module("handgrad.labs.counter_studies")
    study: Callable[[CounterSettings, Reporter], LabResult] = studies.STUDIES[settings.study]
    return study(settings, reporter)
