"""Learning-rate schedules: the rate of every step of a training, as a function of the step's number.

A schedule says ``rate(lr, steps, steps_per_epoch, total_steps)``: ``lr`` is the optimizer's rate, ``steps`` are step
numbers counted from 0 through the whole training (an array of any shape), ``total_steps`` is how many there will be.
The result is a float64 array shaped like ``steps``. Factors are relative to ``lr``, so one schedule serves any rate.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from handgrad.errors import UsageError, out_of_range
from handgrad.options import FACTOR, POSITIVE, SHARE, settle, whole

Float64 = np.ndarray[Any, np.dtype[np.float64]]
Steps = np.ndarray[Any, np.dtype[np.integer[Any]]]


class Schedule(ABC):
    """Base of the schedules: small frozen dataclasses."""

    @abstractmethod
    def rate(self, lr: float, steps: Steps, steps_per_epoch: int, total_steps: int) -> Float64:
        """Learning rates of the steps numbered ``steps`` (from 0), float64, same shape."""


@dataclass(frozen=True)
class ConstantSchedule(Schedule):
    """The optimizer's own rate at every step."""

    def rate(self, lr: float, steps: Steps, steps_per_epoch: int, total_steps: int) -> Float64:
        """``lr`` everywhere."""
        return np.full(np.shape(steps), lr, np.float64)


@dataclass(frozen=True)
class StepSchedule(Schedule):
    """The rate is multiplied by ``factor`` after every ``every`` epochs.

        eta_k = eta factor^floor(epoch / every),    epoch = floor(k / steps per epoch)

    The schedule of Krizhevsky, Sutskever and Hinton (2012), ImageNet classification with deep convolutional neural
    networks, section 5, at fixed times; PyTorch's StepLR.
    """

    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        every = whole("every of StepSchedule", self.every, "a whole number of epochs, at least 1")
        object.__setattr__(self, "every", every)
        settle(self, factor=FACTOR)

    def rate(self, lr: float, steps: Steps, steps_per_epoch: int, total_steps: int) -> Float64:
        """``lr`` in the first ``every`` epochs, then ``lr * factor``, and so on."""
        epochs = np.asarray(steps) // steps_per_epoch
        return lr * self.factor ** (epochs // self.every).astype(np.float64)


@dataclass(frozen=True)
class CosineSchedule(Schedule):
    """Half a cosine from the optimizer's rate down to ``final`` times it, over the whole training.

        eta_k = eta_min + (eta - eta_min) (1 + cos(pi k / K)) / 2,    eta_min = final eta,    K = total steps

    The first step has the rate eta; eta_min belongs to step K, the one after the last, so no step is taken at rate 0.

    Source: Loshchilov and Hutter (2017), SGDR: stochastic gradient descent with warm restarts, eq. 5, without restarts.
    """

    final: float = 0.0

    def __post_init__(self) -> None:
        settle(self, final=SHARE)

    def rate(self, lr: float, steps: Steps, steps_per_epoch: int, total_steps: int) -> Float64:
        """Decreasing from ``lr``."""
        lowest = self.final * lr
        return lowest + (lr - lowest) * (1 + np.cos(np.pi * np.asarray(steps) / max(total_steps, 1))) / 2


@dataclass(frozen=True)
class WarmUpSchedule(Schedule):
    """The rate climbs in equal steps over the first ``epochs`` epochs; then the schedule ``then`` begins.

        eta_k = eta (k + 1) / W    for k < W = round(epochs * steps per epoch), at least 1

    The last step of the warm-up has the full rate. ``epochs`` may be a fraction. ``then`` counts its steps and epochs
    from the end of the warm-up; Goyal et al. count theirs from the beginning of the training.

    Source: Goyal et al. (2017), Accurate, large minibatch SGD: training ImageNet in 1 hour, section 2.2.
    """

    epochs: float = 5.0
    then: Schedule = field(default_factory=ConstantSchedule)

    def __post_init__(self) -> None:
        settle(self, epochs=POSITIVE)
        if not isinstance(self.then, Schedule):
            raise out_of_range(
                "then of WarmUpSchedule",
                repr(self.then),
                "a schedule",
                "for example CosineSchedule() or StepSchedule(30)",
            )

    def rate(self, lr: float, steps: Steps, steps_per_epoch: int, total_steps: int) -> Float64:
        """Rising to ``lr``, then what ``then`` says. UsageError if the training ends before the warm-up does."""
        warm = max(1, round(self.epochs * steps_per_epoch))
        if warm > total_steps:
            epochs = math.ceil(total_steps / steps_per_epoch)
            raise UsageError(
                f"WarmUpSchedule takes {self.epochs:g} epochs of a training of {epochs}, expected at most all of them; "
                "train longer or warm up for fewer epochs"
            )
        steps = np.asarray(steps)
        rising = lr * (steps + 1) / warm
        later = self.then.rate(lr, np.maximum(steps - warm, 0), steps_per_epoch, total_steps - warm)
        return np.where(steps < warm, rising, later)
