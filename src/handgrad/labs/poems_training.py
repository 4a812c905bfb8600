"""Training in the lab ``poems``: a language model, what is measured after each epoch, and when to stop."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from handgrad.data.poems import Corpus, load_corpus
from handgrad.data.vocabulary import Sequences
from handgrad.errors import Diverged
from handgrad.labs.poems import PoemsPlan
from handgrad.labs.result import Reporter
from handgrad.labs.resuming import training_of
from handgrad.labs.sample import Writer, write_with
from handgrad.network.layers import Dense, Layer
from handgrad.network.losses import SoftmaxCrossEntropy
from handgrad.network.recurrent import LSTM
from handgrad.network.sequential import Sequential
from handgrad.network.tokens import Dropout, Embedding
from handgrad.sampling.choice import Choice
from handgrad.sampling.form import Form
from handgrad.training.callbacks import EarlyStopping
from handgrad.training.history import Epoch

_FIRST_CHARACTERS = "日月山花"
"""A poem that appears during training begins with one of these, in turn."""
_SAMPLE_EVERY = 1  # epochs


@dataclass(frozen=True)
class Material:
    """The poems as arrays. ``watched``: as many training poems as there are test poems; after each epoch they are
    measured likewise."""

    corpus: Corpus
    train: Sequences
    watched: Sequences
    test: Sequences


@dataclass
class TrainedPoems:
    """A training and what came of it. ``records``: measurements by epoch, as in ``metrics.jsonl``; ``kept``: the epoch
    whose parameters the network has. ``error``: the sentence of a divergence."""

    plan: PoemsPlan
    material: Material
    network: Sequential
    records: list[dict[str, Any]] = field(default_factory=list)
    interrupted: bool = False
    error: str = ""

    @property
    def seconds(self) -> float:
        """Of training, without measuring."""
        return float(self.network.history.seconds)

    @property
    def kept(self) -> int:
        """The epoch whose parameters the network has; 0 before the first is finished."""
        best = self.network.history.best_epoch
        return best if best is not None else len(self.records)

    @property
    def tokens_per_second(self) -> float:
        """Real tokens learned from in a second of training; NaN before the first epoch is finished."""
        tokens = len(self.records) * self.material.train.tokens
        return tokens / self.seconds if self.seconds and tokens else math.nan

    def column(self, name: str) -> list[float]:
        """A quantity by epoch."""
        return [record[name] for record in self.records]

    @property
    def writer(self) -> Writer:
        """For writing with the network as it is."""
        return Writer("", self.network, self.material.corpus.vocabulary)


def load(plan: PoemsPlan, reporter: Reporter) -> Material:
    """The poems of the plan. Raises InputError for poems that cannot be used."""
    corpus = load_corpus(
        plan.data_dir,
        plan.text,
        length=plan.length,
        entries=plan.vocabulary,
        share=plan.share,
        seed=plan.seed,
        announce=reporter.say,
    )
    steps = max(len(text) for texts in (corpus.train, corpus.test) for text in texts) + 1
    train = corpus.vocabulary.sequences(corpus.train, steps)
    test = corpus.vocabulary.sequences(corpus.test, steps)
    every = -(-len(train.x) // len(test.x))
    return Material(corpus, train, train.some(slice(None, None, every)), test)


def build_network(plan: PoemsPlan, entries: int, steps: int) -> Sequential:
    """The untrained network: embedding, LSTM layers, a dense layer, dropout between them where the plan has it."""
    dropped: list[Layer] = [Dropout(plan.dropout)] if plan.dropout else []
    layers: list[Layer] = [Embedding(entries, plan.embedding)]
    for _ in range(plan.layers):
        layers += [*dropped, LSTM(plan.hidden)]
    layers += [*dropped, Dense(entries)]
    return Sequential(layers, input_shape=(steps,), loss=SoftmaxCrossEntropy(mean="tokens"), seed=plan.seed)


def cross_entropy(network: Sequential, part: Sequences, engine: Any) -> float:
    """Mean over the real tokens of ``part``, in nats."""
    total, count = network.token_losses(part.x, part.t, lengths=part.lengths, engine=engine)
    return float(total / count)


def perplexity(nats: float) -> float:
    """exp of a cross-entropy; infinity where that is too large."""
    return math.exp(nats) if nats < 700 else math.inf


class _Look:
    """What follows every epoch, and every part of one."""

    every = 1

    def __init__(self, trained: TrainedPoems, reporter: Reporter, label: str) -> None:
        self.trained, self.reporter, self.label = trained, reporter, label
        self.steps = -(-len(trained.material.train.x) // trained.plan.batch_size)
        self.started = time.perf_counter()
        self.since = 0  # the epoch after which the clock was started

    def begin(self) -> None:
        """Start the clock; after a resumption it does not count the epochs before."""
        self.started, self.since = time.perf_counter(), len(self.trained.records)
        self.reporter.progress(self.since * self.steps, self.trained.plan.epochs * self.steps, self._text(math.nan))

    def part(self, done: int, total: int, seconds: float) -> None:
        """Some steps were taken: ``done`` of ``total`` in all epochs, in ``seconds`` of training."""
        tokens = done / self.steps * self.trained.material.train.tokens
        self.reporter.progress(done, total, self._text(tokens / seconds if seconds else math.nan))

    def _text(self, speed: float) -> str:
        rate = f", {speed:,.0f} tokens/s" if speed == speed else ""
        return (self.label or "training") + rate

    def __call__(self, network: Sequential, epoch: Epoch) -> None:
        trained, plan = self.trained, self.trained.plan
        train = cross_entropy(network, trained.material.watched, plan.engine)
        test = epoch.validation_loss
        assert test is not None
        before = trained.records[-1]["seconds"] if trained.records else 0.0
        took = max(epoch.seconds - before, 1e-9)
        left = (time.perf_counter() - self.started) / (epoch.epoch - self.since) * (plan.epochs - epoch.epoch)
        record = {
            "epoch": epoch.epoch,
            "train_cross_entropy": train,
            "train_perplexity": perplexity(train),
            "test_cross_entropy": test,
            "test_perplexity": perplexity(test),
            "tokens_per_second": round(trained.material.train.tokens / took),
            "seconds": epoch.seconds,
            "seconds_left": left,
        }
        trained.records.append(record)
        self._tell(record)
        self.reporter.progress(epoch.epoch * self.steps, plan.epochs * self.steps, self._text(math.nan))

    def _tell(self, record: dict[str, Any]) -> None:
        named = {"label": self.label} if self.label else {}
        beside = f"{self.label}  " if self.label else ""
        self.reporter.metrics(
            named | record,
            f"{beside}epoch {record['epoch']:>3}  cross-entropy {record['train_cross_entropy']:.3f}, of test poems "
            f"{record['test_cross_entropy']:.3f}  perplexity {record['train_perplexity']:.1f}, "
            f"{record['test_perplexity']:.1f}  {record['tokens_per_second']:,} tokens/s  "
            f"{duration(record['seconds_left'])} left",
        )
        if not self.label and record["epoch"] % _SAMPLE_EVERY == 0:
            self.reporter.say(f"           {one_poem(self.trained, record['epoch'])}")


def duration(seconds: float) -> str:
    """45 s, 3 min, 1.5 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def one_poem(trained: TrainedPoems, epoch: int) -> str:
    """A poem by the network as it is; which one follows from the seed and the epoch alone."""
    known = [each for each in _FIRST_CHARACTERS if each in trained.material.corpus.vocabulary] or [""]
    form = Form(length=trained.plan.length)
    start = known[(epoch - 1) % len(known)]
    plan = trained.plan
    return write_with(trained.writer, [start], Choice(), form, plan.seed + epoch, plan.engine)[0].text


class Watch:
    """What looks at a network after every epoch, and keeps in ``seen`` what it saw, as JSON can say it; so that a
    training that goes on after a kill has it still."""

    every = 1

    def __init__(self, look: Callable[[Sequential], Any]) -> None:
        self.look = look
        self.seen: list[Any] = []

    def __call__(self, network: Sequential, epoch: Epoch) -> None:
        self.seen.append(self.look(network))

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"seen": self.seen}

    def restore(self, saved: dict[str, Any]) -> None:
        """What a checkpoint has kept."""
        self.seen[:] = saved["seen"]


def train(
    plan: PoemsPlan,
    material: Material,
    reporter: Reporter,
    *,
    label: str = "",
    begin: Callable[[Sequential, Material], Watch] | None = None,
) -> TrainedPoems:
    """Train ``plan`` on ``material``; Ctrl-C and divergence are told in the result, not raised.

    After every epoch a record goes to the reporter. ``label``: the name of this training among several. ``begin``:
    prepares the untrained network, and returns what looks at it after every epoch.
    """
    entries, steps = len(material.corpus.vocabulary), material.train.x.shape[1]
    trained = TrainedPoems(plan, material, build_network(plan, entries, steps))
    look = _Look(trained, reporter, label)
    watches = [] if begin is None else [begin(trained.network, material)]
    try:
        with training_of(reporter, label) as training:
            training.attach("poems", lambda: {"records": trained.records}, lambda saved: _restore(trained, saved))
            for watch in watches:
                training.attach("watch", watch.state, watch.restore)
            look.begin()
            trained.network.fit(
                material.train.x,
                material.train.t,
                lengths=material.train.lengths,
                epochs=plan.epochs,
                batch_size=plan.batch_size,
                optimizer=plan.optimizer,
                clip_norm=plan.clip_norm,
                validation_data=(material.test.x, material.test.t, material.test.lengths),
                early_stopping=EarlyStopping(patience=plan.patience),
                callbacks=[look, *watches],
                checkpoints=training,
                seed=plan.seed,
                engine=plan.engine,
            )
    except KeyboardInterrupt:
        trained.interrupted = True
    except Diverged as diverged:
        trained.error = str(diverged)
    return trained


def _restore(trained: TrainedPoems, saved: dict[str, Any]) -> None:
    trained.records[:] = saved["records"]
