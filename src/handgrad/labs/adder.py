"""Lab ``adder``: a recurrent network of 16 tanh units learns to add two binary numbers, bit by bit, online.

Source: Y.-E. Liu, Lab 4: Back-Propagation Through Time ("report 000"). Every step of a sequence is a column of two
bits, the lowest first; the network answers with the bit of the sum, and has to keep the carry in its state. Softmax
cross-entropy at every step, SGD after every sequence, 1000 new sequences an epoch. How the report begins its weights
is not stated; ours: W 0.3 times an orthogonal matrix, U and V Glorot's, biases 0.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

from handgrad.errors import UsageError, out_of_range, unknown_choice
from handgrad.labs.result import LabResult, Reporter
from handgrad.labs.settings import option
from handgrad.network.engine import EngineName
from handgrad.options import POSITIVE, number, seed_number, whole

BITS, HIDDEN, EPOCHS, SEQUENCES, LEARNING_RATE = 8, 16, 15, 1000, 0.01  # the report's
GAIN = 0.3
"""The spectral radius of the first W, ours. What speaks for it: the lab's page."""
STUDIES = ("gradient-flow", "sequence-length", "clipping")
MOST_BITS = 53
"""A sum of that many bits is still exact as a float64, which is what reads a number in a JSON document."""
_MOST_HIDDEN, _MOST_SEQUENCES = 4096, 1_000_000


@dataclass(frozen=True)
class AdderPlan:
    """One training, with nothing left open.

    ``gain``: the first W is so many times an orthogonal matrix, so its spectral radius. ``truncate``: k of truncated
    BPTT(k), 0 for the exact gradient. ``clip_norm``, ``clip_value``: bounds on a step's gradient, None for none.
    """

    bits: int = BITS
    hidden: int = HIDDEN
    epochs: int = EPOCHS
    sequences: int = SEQUENCES
    rate: float = LEARNING_RATE
    seed: int = 0
    engine: EngineName = "compiled"
    stop_when_perfect: bool = False
    gain: float = GAIN
    truncate: int = 0
    clip_norm: float | None = None
    clip_value: float | None = None


@dataclass(frozen=True)
class AdderSettings:
    """The command line of the lab. What is None follows from what is run: the basic lab and each study have their own
    defaults, see ``plan``. Raises UsageError for a value that no training could use."""

    about: ClassVar[str] = (
        "Measured: wrong bits and right sums in every epoch, beside the report's; every pair of integers, and sums of "
        "up to 1000 bits; which units hold the carry; how the gradient shrinks or grows on its way back through time. "
        "Read on in docs/labs/adder.md and docs/layers/rnn.md."
    )

    bits: int | None = option(None, "Steps of a sequence; the numbers are below 2^(bits-1).", BITS)
    hidden: int | None = option(None, "Hidden units.", HIDDEN)
    epochs: int | None = option(None, "At most so many epochs.", EPOCHS)
    sequences: int | None = option(None, "New sums in an epoch, a step of SGD each.", SEQUENCES)
    rate: float | None = option(None, "Learning rate of SGD.", LEARNING_RATE)
    seed: int = option(0, "Draws the first parameters, the sums that are learned from, and those of the tests.")
    engine: EngineName = option("compiled", "numpy is slow, for reading and debugging.")
    stop_when_perfect: bool = option(False, "Stop after the first epoch without a wrong sum.")
    ask: bool = option(False, "After training, ask for two integers again and again, and add them.")
    study: str | None = option(None, f"A comparison instead of one training: {', '.join(STUDIES)}.")

    def __post_init__(self) -> None:
        if self.bits is not None:
            _check_bits(self.bits)
        for name, most in (("hidden", _MOST_HIDDEN), ("sequences", _MOST_SEQUENCES), ("epochs", None)):
            given = getattr(self, name)
            if given is None:
                continue
            within = f" and at most {most:,}" if most else ""
            if whole(f"--{name}", given, f"a whole number of at least 1{within}") > (most or given):
                raise out_of_range(f"--{name}", f"{given:,}", f"a whole number of at least 1{within}")
        if self.rate is not None:
            number("--rate", self.rate, POSITIVE)
        seed_number(self.seed)
        if self.engine not in ("compiled", "numpy"):
            raise unknown_choice("--engine", self.engine, ("compiled", "numpy"))
        if self.ask and self.study is not None:
            raise UsageError(f"--ask was given with --study {self.study}, which trains many networks; leave one out")

    def plan(
        self,
        *,
        bits: int = BITS,
        hidden: int = HIDDEN,
        epochs: int = EPOCHS,
        sequences: int = SEQUENCES,
        rate: float = LEARNING_RATE,
    ) -> AdderPlan:
        """What is to be trained: the settings that were given, and these defaults for those that were not."""
        return AdderPlan(
            bits=bits if self.bits is None else self.bits,
            hidden=hidden if self.hidden is None else self.hidden,
            epochs=epochs if self.epochs is None else self.epochs,
            sequences=sequences if self.sequences is None else self.sequences,
            rate=rate if self.rate is None else self.rate,
            seed=self.seed,
            engine=self.engine,
            stop_when_perfect=self.stop_when_perfect,
        )

    def refuse(self, *names: str) -> None:
        """For a study that chooses some settings itself. Raises UsageError if one of ``names`` was given."""
        for name in names:
            if getattr(self, name) not in (None, False):
                option = name.replace("_", "-")
                raise UsageError(
                    f"--study {self.study} chooses {option} itself, but --{option} was given; leave it out"
                )


def _check_bits(bits: object) -> None:
    """Raises UsageError for a length that has no sums, or whose sums no number in the output could hold exactly."""
    most = f"{MOST_BITS} (a longer sum is not exact as a number)"
    expected = f"a whole number from 2 (one bit, and room for its carry) to {most}"
    if whole("--bits", bits, expected, 2) > MOST_BITS:
        raise out_of_range("--bits", bits, expected)


def run(settings: AdderSettings, reporter: Reporter) -> LabResult:
    """The basic lab, or the study that ``settings`` names. Raises UsageError for a study that does not exist."""
    if settings.study is None:
        from handgrad.labs.adder_basic import run_basic

        return run_basic(settings, reporter)
    if settings.study not in STUDIES:
        raise unknown_choice("--study", settings.study, STUDIES)
    studies: Any = import_module("handgrad.labs.adder_studies")
    study: Callable[[AdderSettings, Reporter], LabResult] = studies.STUDIES[settings.study]
    return study(settings, reporter)
