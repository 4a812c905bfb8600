"""Training: hands whole epochs to an engine, and between them looks at validation data, callbacks and Ctrl-C."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from handgrad.errors import Diverged, UsageError
from handgrad.interrupt import deferred_interrupt
from handgrad.layers._types import Array
from handgrad.network.engine import Batch, Engine, TrainingState
from handgrad.options import whole
from handgrad.training.callbacks import Callback, EarlyStopping
from handgrad.training.clipping import Clipping
from handgrad.training.history import Epoch, History
from handgrad.training.optimizers import Optimizer
from handgrad.training.schedules import ConstantSchedule, Schedule

if TYPE_CHECKING:
    from handgrad.network.sequential import Sequential

_CALL_SECONDS = 0.1  # about how long one compiled call may take: Ctrl-C is answered after at most this, or one epoch
_CALL_NUMBERS = 4_000_000  # sample numbers handed to one call, so that their orders stay small in memory


@dataclass(frozen=True)
class FitSettings:
    """How to train. ``seed`` orders the samples; the same seed gives the same parameters, bit by bit."""

    epochs: int
    batch_size: int
    optimizer: Optimizer
    schedule: Schedule = field(default_factory=ConstantSchedule)
    shuffle: bool = True
    seed: int = 0
    early_stopping: EarlyStopping | None = None
    callbacks: Sequence[Callback] = ()
    clipping: Clipping = Clipping()

    def __post_init__(self) -> None:
        whole("epochs", self.epochs)
        whole("batch_size", self.batch_size)
        for name, value, kind, example in (
            ("schedule", self.schedule, Schedule, "CosineSchedule()"),
            ("early_stopping", self.early_stopping, EarlyStopping | None, "EarlyStopping(patience=10)"),
        ):
            if not isinstance(value, kind):
                raise UsageError(f"{name} is {value!r}, expected one that is made, as {example}")
        if not all(callable(callback) for callback in self.callbacks):
            raise UsageError("callbacks holds something that cannot be called, expected functions of (network, epoch)")


def _is_true(answer: Any) -> bool:
    """True itself, also NumPy's; a number or a text that a callback happens to return stops nothing."""
    return isinstance(answer, (bool, np.bool_)) and bool(answer)


class _Best:
    """The lowest loss so far, the parameters that had it, and how long ago that was."""

    def __init__(self, rule: EarlyStopping | None) -> None:
        self.rule = rule
        self.loss = np.inf
        self.epoch = 0
        self.parameters: Array | None = None

    def exhausted(self, epoch: Epoch, flat: Array) -> bool:
        """Take note of an epoch; returns whether patience has run out."""
        if self.rule is None:
            return False
        watched = epoch.loss if epoch.validation_loss is None else epoch.validation_loss
        if watched < self.loss - self.rule.minimum_change:
            self.loss, self.epoch = watched, epoch.epoch
            self.parameters = flat.copy()
        return epoch.epoch - self.epoch >= self.rule.patience


def fit(network: "Sequential", engine: Engine, data: Batch, validation: Batch | None, settings: FitSettings) -> History:
    """Train ``network`` and return what happened. Raises Diverged, or KeyboardInterrupt after Ctrl-C; in both cases
    the network holds the last finite parameters, and ``network.history`` what happened until then."""
    run = _Run(network, engine, data, validation, settings)
    network.history = run.history
    with deferred_interrupt() as interrupt:  # an epoch is finished first
        while run.unfinished:
            run.call()
            if interrupt.pressed:
                run.stop("interrupted", f"by Ctrl-C after epoch {len(run.history)}")
    run.keep_best()
    if run.history.stopped == "diverged":
        raise Diverged(run.history.message)
    if run.history.stopped == "interrupted":
        raise KeyboardInterrupt(run.history.message)
    return run.history


class _Run:
    """One call of ``fit``: the state that goes on from one compiled call to the next."""

    def __init__(
        self, network: "Sequential", engine: Engine, data: Batch, validation: Batch | None, settings: FitSettings
    ) -> None:
        self.network, self.engine, self.data, self.validation = network, engine, data, validation
        self.settings = settings
        self.history = History()
        self.best = _Best(settings.early_stopping)
        self.rng = np.random.default_rng(settings.seed)
        self.samples = len(data.x)
        self.steps = -(-self.samples // settings.batch_size)
        optimizer, flat = settings.optimizer, network.parameters.flat
        vectors = optimizer.initial_state(flat.size, flat.dtype)
        self.state = TrainingState(optimizer, vectors, clipping=settings.clipping)
        self.unfinished = True
        self.seconds = 0.0
        self.train(0)  # no epoch, but everything is compiled or loaded before the clock starts

    def train(self, epochs: int) -> tuple[Any, Array]:
        """Hand ``epochs`` epochs to the engine; returns its losses and the learning rates (epochs, steps)."""
        settings = self.settings
        numbers = np.arange(epochs * self.steps) + self.state.steps
        total = settings.epochs * self.steps
        rates = settings.schedule.rate(settings.optimizer.lr, numbers, self.steps, total).reshape(epochs, self.steps)
        orders = np.empty((epochs, self.samples), dtype=np.int64)
        for order in orders:  # one permutation at a time, so that the orders do not depend on the calls
            order[...] = self.rng.permutation(self.samples) if settings.shuffle else np.arange(self.samples)
        return self.engine.train(self.data, orders, rates, settings.batch_size, self.state), rates

    def epochs_of_call(self) -> int:
        """How many epochs may run before somebody wants to look."""
        done, total = len(self.history), self.settings.epochs
        most = max(1, int(_CALL_NUMBERS // self.samples))
        if done:
            most = min(most, max(1, int(_CALL_SECONDS / max(self.seconds / done, 1e-9))))
        else:
            most = 1  # the first epoch tells how long one takes
        if self.validation is not None or self.best.rule is not None:
            most = 1
        for callback in self.settings.callbacks:
            every = int(getattr(callback, "every", 1))
            most = min(most, every - done % every)
        return min(most, total - done)

    def call(self) -> None:
        """One call of the engine, and what follows the epochs it finished."""
        epochs = self.epochs_of_call()
        before, started = self.seconds, time.perf_counter()
        result, rates = self.train(epochs)
        self.seconds += time.perf_counter() - started
        first = len(self.history)
        for i, (loss, penalty) in enumerate(zip(result.losses, result.penalties, strict=True)):
            last = i == len(result.losses) - 1
            checked = self._validation_loss() if last and self.validation is not None else None
            # the epochs of one call took equally long: they did the same work
            seconds = before + (self.seconds - before) * (i + 1) / epochs
            self.history.epochs.append(Epoch(first + i + 1, loss + penalty, float(rates[i, -1]), seconds, checked))
        if not result.finite:
            self.stop("diverged", self._divergence())
            return
        self._after(self.history.epochs[-1])

    def _divergence(self) -> str:
        """What happened, which parameters are left, and what to do."""
        lr, done, best = self.settings.optimizer.lr, len(self.history), self.best
        kept = best.epoch if best.parameters is not None and best.rule and best.rule.keep_best else done
        return (
            f"training diverged in epoch {done + 1}: the loss is no longer a finite number at learning rate {lr:g}; "
            f"the parameters of epoch {kept} were kept; try {lr / 10:g}"
        )

    def _validation_loss(self) -> float:
        assert self.validation is not None
        _, losses = self.engine.losses(self.validation)
        weights = self.validation.weights
        return float((losses.astype(np.float64) * weights).sum() / max(float(weights.sum()), 1e-300))

    def _after(self, epoch: Epoch) -> None:
        finished = epoch.epoch == self.settings.epochs
        if finished:
            self.unfinished = False
        if self.best.exhausted(epoch, self.network.parameters.flat) and not finished:
            patience = self.best.rule.patience if self.best.rule else 0
            self.stop("early", f"no improvement in the {patience} epochs since epoch {self.best.epoch}")
        for callback in self.settings.callbacks:
            every = int(getattr(callback, "every", 1))
            due = epoch.epoch % every == 0 or not self.unfinished
            if due and _is_true(callback(self.network, epoch)) and not finished:
                self.stop("callback", f"asked for after epoch {epoch.epoch}")

    def stop(self, why: Any, message: str) -> None:
        """End training; the first reason counts."""
        if self.history.stopped == "finished" and len(self.history) < self.settings.epochs:
            self.history.stopped, self.history.message = why, message
        self.unfinished = False

    def keep_best(self) -> None:
        """Put the best epoch's parameters back, if early stopping asked for that."""
        if self.best.rule is None or self.best.parameters is None:
            return
        self.history.best_epoch = self.best.epoch
        if self.best.rule.keep_best:
            self.network.parameters.flat[...] = self.best.parameters
