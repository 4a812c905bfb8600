"""Lab ``poems``: a character language model, an embedding and an LSTM, learns to write Tang poems.

Source: PRML Assignment-3 ("report 002"): an LSTM in PyTorch on the Complete Tang Poems. Embedding 128, hidden 256,
vocabulary about 3500, poems of at most 50 characters, batches of 256, Adam; a tenth of the poems to test; training
stops when the perplexity of these begins to rise (the report says "to decrease", which cannot be meant).

What the report does not give: learning rates, which were chosen on training poems that were held out.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any, ClassVar, Literal, get_args

from handgrad.data.poems import ENTRIES, LENGTH
from handgrad.errors import UsageError, out_of_range, unknown_choice
from handgrad.labs.result import LabResult, Reporter
from handgrad.labs.settings import option
from handgrad.network.engine import EngineName
from handgrad.options import DECAY, POSITIVE, Range, number, seed_number, whole
from handgrad.training.optimizers import SGD, Optimizer, optimizer

OptimizerName = Literal["sgd", "momentum", "adagrad", "adadelta", "rmsprop", "adam"]

STUDIES = ("optimizers", "initialization")
EMBEDDING, HIDDEN, BATCH, EPOCHS = 128, 256, 256, 10
RATES = {"sgd": 5.0, "momentum": 1.0, "adagrad": 0.03, "adadelta": 10.0, "rmsprop": 0.003, "adam": 0.005}
"""Of each optimizer; see docs/labs/poems.md."""
MOMENTUM = 0.9
_SHARES = Range(lambda v: 0 < v <= 1, "a number above 0, at most 1")
_MOST = {"length": 1000, "vocabulary": 100_000, "embedding": 8192, "hidden": 8192, "layers": 8, "epochs": 1_000_000}
_LEAST = {"vocabulary": 6}  # the four tags, and two characters


@dataclass(frozen=True)
class PoemsSettings:
    """The command line of the lab. What is None follows from what is run: the basic lab and each study have their own
    defaults, see ``plan``. Raises UsageError for a value that no training could use."""

    about: ClassVar[str] = (
        "Measured: cross-entropy and perplexity of training and test poems in every epoch, beside those of simple "
        "counts; where in a line the model is sure; seven poems beside the report's. handgrad sample RUN writes more. "
        "Read on in docs/labs/poems.md and docs/sample.md."
    )

    data_dir: str | None = option(
        None, "Folder of the files poet.tang.N.json.", "HANDGRAD_DATA, or a download of 26 MB"
    )
    text: str | None = option(None, "A UTF-8 text, a line a poem, or JSON lines, instead of the Tang poems.")
    share: float | None = option(None, "Share of the poems to use, drawn by the seed.", "all; a study: a part")
    length: int = option(LENGTH, "Longer poems are left out; in characters, marks included.")
    vocabulary: int = option(
        ENTRIES, "Entries at most, four tags among them; rarer characters are unknown, as are those that occur once."
    )
    embedding: int = option(EMBEDDING, "Numbers that stand for a character.")
    hidden: int = option(HIDDEN, "Units of an LSTM layer.")
    layers: int = option(1, "LSTM layers.")
    dropout: float = option(0.0, "Share of the numbers between the layers that is dropped at each step of training.")
    optimizer: OptimizerName = option("adam", f"How the parameters move; momentum is sgd with {MOMENTUM}.")
    lr: float | None = option(None, "Learning rate.", ", ".join(f"{name}: {rate:g}" for name, rate in RATES.items()))
    clip_norm: float | None = option(None, "Longest gradient of a step; a longer one is shortened.", "none")
    epochs: int | None = option(None, "At most so many passes over the training poems.", EPOCHS)
    batch_size: int | None = option(None, "Poems to a step.", BATCH)
    patience: int = option(1, "Epochs without a lower test perplexity after which to stop; the best one's is kept.")
    seed: int = option(0, "Draws division, share, first parameters, order, dropout and the poems that are written.")
    engine: EngineName = option("compiled", "numpy is very slow, for reading and debugging.")
    study: str | None = option(None, f"A comparison instead of one training: {', '.join(STUDIES)}.")
    full: bool = option(False, "A study on all poems, and for as many epochs as the lab.")

    def __post_init__(self) -> None:
        for name in ("length", "vocabulary", "embedding", "hidden", "layers", "epochs", "batch_size", "patience"):
            least, most, given = _LEAST.get(name, 1), _MOST.get(name, 1_000_000), getattr(self, name)
            expected, flag = f"a whole number from {least} to {most:,}", "--" + name.replace("_", "-")
            if given is not None and whole(flag, given, expected, least) > most:
                raise out_of_range(flag, f"{given:,}", expected)
        for name, allowed in (("lr", POSITIVE), ("clip_norm", POSITIVE), ("share", _SHARES), ("dropout", DECAY)):
            if getattr(self, name) is not None:
                number("--" + name.replace("_", "-"), getattr(self, name), allowed)
        seed_number(self.seed)
        for name, choices in (("optimizer", get_args(OptimizerName)), ("engine", get_args(EngineName))):
            if getattr(self, name) not in choices:
                raise unknown_choice(f"--{name}", getattr(self, name), choices)
        if self.text is not None and self.data_dir is not None:
            raise UsageError("both --text and --data-dir were given, expected one of them")
        if self.full and self.study is None:
            raise UsageError("--full is for a study; without one all poems are used anyway")
        if self.full and self.share is not None:
            raise UsageError("--full takes all poems, but --share was given; leave one out")

    def plan(self, *, share: float = 1.0, epochs: int = EPOCHS, batch_size: int = BATCH) -> "PoemsPlan":
        """What is to be trained: the settings that were given, and these defaults for those that were not."""
        if self.full:
            share, epochs = 1.0, EPOCHS
        return PoemsPlan(
            data_dir=self.data_dir,
            text=self.text,
            share=float(share if self.share is None else self.share),
            length=self.length,
            vocabulary=self.vocabulary,
            embedding=self.embedding,
            hidden=self.hidden,
            layers=self.layers,
            dropout=float(self.dropout),
            optimizer=named_optimizer(self.optimizer, self.lr),
            clip_norm=self.clip_norm,
            epochs=self.epochs or epochs,
            batch_size=self.batch_size or batch_size,
            patience=self.patience,
            seed=self.seed,
            engine=self.engine,
        )

    def refuse(self, name: str, default: Any) -> None:
        """For a study that chooses a setting itself. Raises UsageError if it was given."""
        if getattr(self, name) != default:
            option = name.replace("_", "-")
            raise UsageError(f"--study {self.study} chooses {option} itself, but --{option} was given; leave it out")


def named_optimizer(name: str, lr: float | None = None) -> Optimizer:
    """The optimizer that the lab calls ``name``, with its rate, or with ``lr``."""
    rate = RATES[name] if lr is None else float(lr)
    return SGD(rate, MOMENTUM) if name == "momentum" else optimizer(name, rate)


@dataclass(frozen=True)
class PoemsPlan:
    """One training, with nothing left open."""

    data_dir: str | None
    text: str | None
    share: float
    length: int
    vocabulary: int
    embedding: int
    hidden: int
    layers: int
    dropout: float
    optimizer: Optimizer
    clip_norm: float | None
    epochs: int
    batch_size: int
    patience: int
    seed: int
    engine: EngineName

    def filled(self, settings: PoemsSettings) -> dict[str, Any]:
        """All settings, with the values that were used for those that were not given."""
        used = {name: getattr(self, name) for name in ("share", "epochs", "batch_size")}
        return asdict(settings) | used | {"lr": self.optimizer.lr}


def run(settings: PoemsSettings, reporter: Reporter) -> LabResult:
    """The basic lab, or the study that ``settings`` names. Raises UsageError for a study that does not exist,
    InputError for poems that cannot be used."""
    if settings.study is None:
        from handgrad.labs.poems_basic import run_basic

        return run_basic(settings, reporter)
    if settings.study not in STUDIES:
        raise unknown_choice("--study", settings.study, STUDIES)
    studies: Any = import_module("handgrad.labs.poems_studies")
    study: Callable[[PoemsSettings, Reporter], LabResult] = studies.STUDIES[settings.study]
    return study(settings, reporter)
