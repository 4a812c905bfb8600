"""Training: hands epochs, or parts of one, to an engine, and between them looks at validation data, callbacks,
checkpoints and Ctrl-C."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from handgrad.errors import Diverged, UsageError
from handgrad.interrupt import deferred_interrupt
from handgrad.layers._types import Array
from handgrad.network.engine import Batch, Engine, EpochLosses, TrainingState
from handgrad.options import whole
from handgrad.training.best import Best
from handgrad.training.callbacks import Callback, EarlyStopping
from handgrad.training.checkpoints import Training
from handgrad.training.clipping import Clipping
from handgrad.training.fit_state import attach
from handgrad.training.history import Epoch, History
from handgrad.training.optimizers import Optimizer
from handgrad.training.schedules import ConstantSchedule, Schedule

if TYPE_CHECKING:
    from handgrad.network.sequential import Sequential

_CALL_SECONDS = 0.1  # about how long one compiled call may take: Ctrl-C is answered after at most this, or one epoch
_CALL_NUMBERS = 4_000_000  # sample numbers handed to one call, so that their orders stay small in memory
_GROWTH = 8  # times longer than the call before may a call be, while nobody knows yet how long a step takes


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


def fit(
    network: "Sequential",
    engine: Engine,
    data: Batch,
    validation: Batch | None,
    settings: FitSettings,
    training: Training | None = None,
) -> History:
    """Train ``network`` and return what happened. Raises Diverged, or KeyboardInterrupt after Ctrl-C; in both cases
    the network holds the last finite parameters, and ``network.history`` what happened until then. ``training`` makes
    checkpoints, and may have one to go on from."""
    kept = training if training is not None and training.kept else None
    run = Run(network, engine, data, validation, settings, kept)
    network.history = run.history
    if kept is not None:
        attach(run, kept)
    with deferred_interrupt() as interrupt:  # without checkpoints, an epoch is finished first
        while run.unfinished:
            steps = run.call()
            if interrupt.pressed:
                run.interrupted()
            elif kept is not None:
                try:
                    kept.step(steps)
                except KeyboardInterrupt:
                    run.interrupted()
                    raise KeyboardInterrupt(run.history.message) from None
    run.keep_best()
    if run.history.stopped == "diverged":
        raise Diverged(run.history.message)
    if run.history.stopped == "interrupted":
        raise KeyboardInterrupt(run.history.message)
    return run.history


class Run:
    """One call of ``fit``: the state that goes on from one compiled call to the next.

    ``at``: steps taken in the epoch under way, 0 between two; of it, ``order`` is that of the samples, ``before`` the
    state of the generator that drew it, and ``first`` are the parameters that it began with.
    """

    def __init__(
        self,
        network: "Sequential",
        engine: Engine,
        data: Batch,
        validation: Batch | None,
        settings: FitSettings,
        training: Training | None,
    ) -> None:
        self.network, self.engine, self.data, self.validation = network, engine, data, validation
        self.settings, self.training = settings, training
        self.history = History()
        self.best = Best(settings.early_stopping)
        self.rng = np.random.default_rng(settings.seed)
        self.samples = len(data.x)
        self.steps = -(-self.samples // settings.batch_size)
        optimizer, flat = settings.optimizer, network.parameters.flat
        vectors = optimizer.initial_state(flat.size, flat.dtype)
        self.state = TrainingState(optimizer, vectors, clipping=settings.clipping, seed=settings.seed % 2**62)
        self.at = 0
        self.order = np.empty(0, dtype=np.int64)
        self.before: Any = None
        self.first: Array | None = None
        self.unfinished = True
        self.seconds = 0.0
        self._watching = [callback.part for callback in settings.callbacks if hasattr(callback, "part")]
        self._took = (0, 0.0)  # steps and seconds of the last call
        self._train_epochs(0)  # no epoch, but everything is compiled or loaded before the clock starts

    def call(self) -> int:
        """One call of the engine, and what follows the epochs it finished; returns how many steps it took."""
        most = self._steps_of_call()
        epochs = self._epochs_of_call() if self.at == 0 and (most is None or most >= self.steps) else 0
        if epochs and most is not None:
            epochs = min(epochs, most // self.steps)
        before, steps, started = self.seconds, self.state.steps, time.perf_counter()
        if epochs:
            result, rates = self._train_epochs(epochs)
        else:
            assert most is not None
            result, rates = self._train_part(min(most, self.steps - self.at))
        took = time.perf_counter() - started
        self.seconds += took
        steps = self.state.steps - steps
        self._took = (steps, took)
        for part in self._watching:
            part(self.state.steps, self.settings.epochs * self.steps, self.seconds)
        if epochs or self.at == self.steps or not result.finite:
            self.at = 0
            self._note(result, rates, before)
        return steps

    def _train_epochs(self, epochs: int) -> tuple[EpochLosses, Array]:
        """Hand ``epochs`` epochs to the engine; returns its losses and the learning rates (epochs, steps)."""
        orders = np.empty((epochs, self.samples), dtype=np.int64)
        for order in orders:  # one permutation at a time, so that the orders do not depend on the calls
            order[...] = self._draw()
        self.state.loss_sum = self.state.loss_count = 0.0
        rates = self._rates(epochs, self.state.steps)
        return self.engine.train(self.data, orders, rates, self.settings.batch_size, self.state), rates

    def _train_part(self, steps: int) -> tuple[EpochLosses, Array]:
        """Hand over so many steps of the epoch under way, which may begin here. Where its parameters do not stay
        finite, they are put back to those that it began with."""
        if self.at == 0:
            self.begin_epoch()
            self.state.loss_sum = self.state.loss_count = 0.0
        size, rates = self.settings.batch_size, self._rates(1, self.state.steps - self.at)
        order = self.order[self.at * size : (self.at + steps) * size]
        part = rates[:, self.at : self.at + steps]
        result = self.engine.train(self.data, order[None], part, size, self.state)
        self.at += steps
        if not result.finite:
            self.network.parameters.flat[...] = self.first
        return result, rates

    def begin_epoch(self) -> None:
        """Draw the order of an epoch that is handed over in parts."""
        self.before = self.rng.bit_generator.state
        self.order, self.first = self._draw(), self.network.parameters.flat.copy()

    def _draw(self) -> Any:
        return self.rng.permutation(self.samples) if self.settings.shuffle else np.arange(self.samples)

    def _rates(self, epochs: int, first: int) -> Array:
        """Learning rates (epochs, steps) from step ``first`` on, the beginning of an epoch."""
        settings = self.settings
        numbers = np.arange(epochs * self.steps) + first
        total = settings.epochs * self.steps
        rates = settings.schedule.rate(settings.optimizer.lr, numbers, self.steps, total)
        return np.asarray(rates).reshape(epochs, self.steps)

    def _steps_of_call(self) -> int | None:
        """How many steps may be taken before checkpoints, signals or progress are looked at; None for any number."""
        if self.training is None and not self._watching:
            return None
        steps, seconds = self._took
        most = min(int(_CALL_SECONDS / max(seconds / steps, 1e-9)), _GROWTH * steps) if steps else 1
        room = None if self.training is None else self.training.room
        return max(1, most if room is None else min(most, room))

    def _epochs_of_call(self) -> int:
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

    def _note(self, result: EpochLosses, rates: Array, before: float) -> None:
        """Write down the epochs that were finished, and look at where training stands."""
        first, epochs = len(self.history), len(rates)
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
        total = float((losses.astype(np.float64) * weights).sum())
        if self.network.architecture.per_token:
            return total / self.network.architecture.count(self.validation.lengths)
        return total / max(float(weights.sum()), 1e-300)

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

    def interrupted(self) -> None:
        """End training after Ctrl-C."""
        done = len(self.history)
        self.stop("interrupted", f"by Ctrl-C in epoch {done + 1}" if self.at else f"by Ctrl-C after epoch {done}")

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
