"""Training in the lab ``adder``: new sums in every epoch, each answered before it is learned from, as in report 000."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from handgrad.data.sums import Bits, random_sums
from handgrad.errors import Diverged
from handgrad.labs.adder import LEARNING_RATE, AdderPlan
from handgrad.labs.result import Reporter
from handgrad.labs.resuming import training_of
from handgrad.layers._types import Array
from handgrad.network.layers import Dense
from handgrad.network.losses import SoftmaxCrossEntropy
from handgrad.network.recurrent import RNN
from handgrad.network.sequential import Sequential
from handgrad.training.checkpoints import Training
from handgrad.training.initializers import Orthogonal
from handgrad.training.optimizers import SGD

PIECE = 50
"""Sequences that are answered at once, before they are learned from: the answer to a sequence is that of the network
at most so many steps of SGD earlier. Answered one at a time, about a percent more is right while it learns."""

_DATA = 1  # random streams that follow from a seed, besides the network's own; the tests have others


@dataclass(frozen=True)
class EpochRow:
    """One epoch, 1000 sums that the network had not seen, measured while it learned from them, as the report does.

    ``error``: share of wrong bits. ``accuracy``: share of whole sums right. ``loss``: mean over the sums, each summed
    over its steps. ``seconds``: of training until then.
    """

    epoch: int
    error: float
    accuracy: float
    loss: float
    seconds: float


@dataclass
class TrainedAdder:
    """A training and what came of it. ``snapshots``: the parameters (P,) before training, at 0, and after each epoch.
    ``error``: the sentence of a divergence; the network is then that of the last whole epoch. ``interrupted``: Ctrl-C;
    the rows are those of whole epochs."""

    plan: AdderPlan
    network: Sequential
    rows: list[EpochRow] = field(default_factory=list)
    snapshots: list[Array] = field(default_factory=list)
    interrupted: bool = False
    error: str = ""
    seconds: float = 0.0

    @property
    def accuracy(self) -> float:
        """Of the last epoch; NaN before the first was finished."""
        return self.rows[-1].accuracy if self.rows else float("nan")

    @property
    def epochs_to_perfect(self) -> int | None:
        """The first epoch without a wrong sum."""
        return next((row.epoch for row in self.rows if row.accuracy == 1), None)

    def at(self, epoch: int) -> Sequential:
        """The network as it was after ``epoch`` epochs, 0 before training."""
        network = build_network(self.plan)
        network.parameters.flat[...] = self.snapshots[epoch]
        return network


def build_network(plan: AdderPlan) -> Sequential:
    """The untrained network of the plan: recurrent tanh units, and two logits at every step."""
    states = RNN(plan.hidden, truncate=plan.truncate, recurrent_weights=Orthogonal(plan.gain))
    return Sequential([states, Dense(2)], input_shape=(plan.bits, 2), loss=SoftmaxCrossEntropy(), seed=plan.seed)


def lengthened(network: Sequential, bits: int) -> Sequential:
    """The same network, with a copy of its parameters, for sequences of ``bits`` steps."""
    other = Sequential(network.layers, input_shape=(bits, 2), loss=network.loss, dtype=network.dtype)
    other.parameters.flat[...] = network.parameters.flat
    return other


def train(
    plan: AdderPlan,
    reporter: Reporter,
    *,
    label: str = "",
    after: Callable[[Sequential, EpochRow], Any] | None = None,
    also: Callable[[Training], Any] | None = None,
) -> TrainedAdder:
    """Train ``plan``; Ctrl-C and divergence are told in the result, not raised. ``after(network, row)`` is called after
    every epoch, and ``also(training)`` attaches what it keeps, so that it is in the checkpoints; ``label`` is the name
    of this training among several, which then tells no line per epoch."""
    network = build_network(plan)
    trained = TrainedAdder(plan, network, snapshots=[network.parameters.flat.copy()])
    try:
        with training_of(reporter, label) as training:
            epochs = _Epochs(trained, training)
            if also is not None:
                also(training)
            for epoch in range(len(trained.rows) + 1, plan.epochs + 1):
                if plan.stop_when_perfect and trained.accuracy == 1:
                    break
                row = epochs.learn(epoch)
                trained.rows.append(row)
                trained.snapshots.append(network.parameters.flat.copy())
                if not label:
                    reporter.metrics(asdict(row))
                reporter.progress(epoch, plan.epochs, label)
                if after is not None:
                    after(network, row)
                training.step(epochs.last)
    except KeyboardInterrupt:
        trained.interrupted = True
    except Diverged:
        network.parameters.flat[...] = trained.snapshots[-1]
        trained.error = _divergence(plan, len(trained.rows))
    if label and trained.rows:
        reporter.metrics({"label": label} | asdict(trained.rows[-1]))
    return trained


def _divergence(plan: AdderPlan, done: int) -> str:
    """The sentence of a divergence after ``done`` whole epochs."""
    kept = f"those after epoch {done}" if done else "those from before training"
    advice = LEARNING_RATE if plan.rate > LEARNING_RATE else plan.rate / 10
    return (
        f"training diverged in epoch {done + 1}: the loss is no longer a finite number at learning rate {plan.rate:g}; "
        f"the parameters are {kept}; try --rate {advice:g}"
    )


class _Epochs:
    """Learns from new sums, epoch by epoch and piece by piece; each piece is answered first.

    Of the epoch under way: ``before``, the state of the generator that drew its sums, ``first``, the next sum, and what
    was counted until then. ``last``: sums in its last piece.
    """

    def __init__(self, trained: TrainedAdder, training: Training) -> None:
        self.trained, self.training = trained, training
        self.random = np.random.default_rng([trained.plan.seed, _DATA])
        self.before = self.random.bit_generator.state
        self.first = self.last = 0
        self.wrong_bits, self.right_sums, self.loss = 0, 0, 0.0
        training.attach("adder", self._state, self._restore)

    def learn(self, epoch: int) -> EpochRow:
        """Go through an epoch, or on with it."""
        plan = self.trained.plan
        self.before = self.random.bit_generator.state
        sums = random_sums(plan.sequences, plan.bits, self.random)
        count = len(sums.x)
        while self.first < count:
            pieces = slice(self.first, min(self.first + PIECE, count))
            self._learn(sums.x[pieces], sums.t[pieces])
            self.first, self.last = pieces.stop, pieces.stop - pieces.start
            if self.first < count:
                self.training.step(PIECE)
        row = EpochRow(
            epoch, self.wrong_bits / sums.t.size, self.right_sums / count, self.loss / count, self.trained.seconds
        )
        self.before = self.random.bit_generator.state
        self.first = self.wrong_bits = self.right_sums = 0
        self.loss = 0.0
        return row

    def _learn(self, x: Array, t: Bits) -> None:
        plan, network = self.trained.plan, self.trained.network
        wrong = answers(network, x, plan.engine) != t
        self.wrong_bits += int(wrong.sum())
        self.right_sums += int((~wrong.any(axis=1)).sum())
        history = network.fit(
            x,
            t,
            epochs=1,
            batch_size=1,
            optimizer=SGD(lr=plan.rate),
            clip_norm=plan.clip_norm,
            clip_value=plan.clip_value,
            shuffle=False,
            engine=plan.engine,
        )
        self.loss += history["loss"][0] * len(x)
        self.trained.seconds += history.seconds

    def _state(self) -> dict[str, Any]:
        trained = self.trained
        return {
            "rows": [asdict(row) for row in trained.rows],
            "snapshots": np.stack(trained.snapshots),
            "parameters": trained.network.parameters.flat,
            "seconds": trained.seconds,
            "random": self.before,
            "counted": [self.first, self.wrong_bits, self.right_sums, self.loss],
        }

    def _restore(self, saved: dict[str, Any]) -> None:
        trained = self.trained
        trained.rows[:] = [EpochRow(**row) for row in saved["rows"]]
        trained.snapshots[:] = list(saved["snapshots"])
        trained.network.parameters.flat[...] = saved["parameters"]
        trained.seconds = saved["seconds"]
        self.random.bit_generator.state = saved["random"]
        self.first, self.wrong_bits, self.right_sums, self.loss = saved["counted"]


def answers(network: Sequential, x: Array, engine: str = "compiled") -> Array:
    """The bits (n, N) that the network says of the columns ``x`` (n, N, 2)."""
    said: Array = network.outputs(x, engine=engine).argmax(axis=2)  # type: ignore[arg-type]
    return said
