"""What both engines do, so that a network can be run by either."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np

from handgrad.errors import unknown_choice
from handgrad.layers._types import Array
from handgrad.network.layers import Layer, Shape, steps
from handgrad.network.losses import Loss, per_token
from handgrad.network.parameters import Parameters
from handgrad.training.clipping import Clipping

EngineName = Literal["compiled", "numpy"]
Orders = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Architecture:
    """What is to be run. The arrays of ``parameters`` change in training; nothing else does."""

    layers: Sequence[Layer]
    loss: Loss
    input_shape: Shape
    parameters: Parameters
    weight_decay: float
    dtype: np.dtype[Any]

    @cached_property
    def outputs(self) -> int:
        """Numbers in the output of one sample."""
        return int(np.prod(self.output_shape))

    @cached_property
    def output_shape(self) -> Shape:
        """Shape of the output of one sample."""
        shape = self.input_shape
        for layer in self.layers:
            shape = layer.output_shape(shape)
        return shape

    @cached_property
    def per_token(self) -> bool:
        """Whether the loss of a batch is the mean over the real steps of its sequences; targets are class numbers."""
        return per_token(self.loss)

    @cached_property
    def targets(self) -> int:
        """Numbers in the targets of one sample."""
        return steps(self.output_shape) if self.per_token else self.outputs

    def count(self, lengths: Orders) -> int:
        """What the loss of samples of these ``lengths`` is the mean over: samples, or real steps."""
        return int(lengths.sum()) if self.per_token else lengths.size


@dataclass(frozen=True)
class Batch:
    """Samples as rows: x (samples, inputs), t (samples, outputs), weights (samples,), all of the network's dtype.

    A row of a sequence holds its steps one after the other; ``lengths`` (samples,) says how many of them are real, and
    the others hold zeros. Samples that are no sequences have length 1.
    """

    x: Array
    t: Array
    weights: Array
    lengths: Orders

    def part(self, chosen: Orders) -> "Batch":
        """The samples whose numbers are in ``chosen``."""
        return Batch(self.x[chosen], self.t[chosen], self.weights[chosen], self.lengths[chosen])


class Updates(Protocol):
    """What an engine needs of an optimizer; see ``handgrad.training.optimizers``."""

    @property
    def kind(self) -> str: ...

    @property
    def slots(self) -> int: ...

    def hyper(self) -> Array: ...

    def update(self, theta: Array, g: Array, state: Array, step: int, lr: float) -> None: ...


@dataclass
class TrainingState:
    """What goes on from one call to the next: the optimizer's vectors, and how many steps were taken. All of it but the
    rules, ``optimizer`` and ``clipping``, is in a checkpoint.

    ``seed``: of the masks of dropout. ``loss_sum``, ``loss_count``: of the samples, or tokens, that the epoch under way
    has seen, where it is handed over in parts. They go on from part to part, so that the same numbers are added in the
    same order whatever the parts.
    """

    optimizer: Updates
    vectors: Array
    steps: int = 0
    clipping: Clipping = Clipping()
    seed: int = 0
    loss_sum: float = 0.0
    loss_count: float = 0.0

    def begin(self, sums: Array) -> None:
        """Where the sums (epochs,) of a call begin: the first goes on."""
        if len(sums):
            sums[0] = self.loss_sum

    def means(self, sums: Array, samples: int) -> Array:
        """The mean losses (epochs,) of epochs with these ``sums``, to which each row of a call has added ``samples``;
        the last sum and count are kept, to go on."""
        counts = np.full(len(sums), float(samples))
        if len(sums):
            counts[0] += self.loss_count
            self.loss_sum, self.loss_count = float(sums[-1]), float(counts[-1])
        means: Array = sums / counts
        return means


@dataclass
class EpochLosses:
    """Result of a call: mean data loss and penalty of each epoch that ended finite, and whether all did."""

    losses: list[float] = field(default_factory=list)
    penalties: list[float] = field(default_factory=list)
    finite: bool = True


class Engine(Protocol):
    """Forward, gradients and training of one architecture."""

    def answer(self, x: Array) -> Array | None:
        """What the network says of one sample ``x`` (1, *input_shape), C-ordered: (1, *output_shape). None where the
        engine has no shorter way than ``outputs``, or ``x`` is not finite."""
        ...

    def outputs(self, x: Array, lengths: Orders) -> Array:
        """Outputs of the last layer, (samples, outputs), from x (samples, inputs)."""
        ...

    def activations(self, x: Array, lengths: Orders) -> list[Array]:
        """Output of every layer, each (features, batch) or (steps, features, batch), from x (samples, inputs)."""
        ...

    def advance(
        self, x: Array, lengths: Orders, states: Sequence[tuple[Array, ...]]
    ) -> tuple[Array, list[tuple[Array, ...]]]:
        """Outputs, and the last states of every recurrent layer, each (samples, units), from the states before."""
        ...

    def losses(self, batch: Batch) -> tuple[Array, Array]:
        """Outputs (samples, outputs) and the loss of every sample (samples,), without weights or penalty. Where the
        loss is a mean over tokens, the outputs are (samples, 0): nobody could hold them."""
        ...

    def gradients(self, batch: Batch) -> tuple[float, Array]:
        """Weighted mean loss plus penalty, and its gradient as a flat vector (P,)."""
        ...

    def train(self, batch: Batch, orders: Orders, rates: Array, batch_size: int, state: TrainingState) -> EpochLosses:
        """Train for as many epochs as ``orders`` (epochs, samples) has rows; ``rates`` (epochs, steps) are the
        learning rates. Where an epoch does not end finite, the parameters are put back to the last that did.

        A single row may be a part of an epoch, of whole steps: ``state`` goes on, and the result is the same, bit by
        bit, whatever the parts. The loss is then the mean over all parts until now."""
        ...


def make_engine(name: str, architecture: Architecture, threads: int | None = None) -> Engine:
    """The engine called ``name``. Raises UsageError for another name."""
    builders: dict[str, Callable[[], Engine]] = {}

    def compiled() -> Engine:
        from handgrad.network.compiled import CompiledEngine

        return CompiledEngine(architecture, threads)

    def reference() -> Engine:
        from handgrad.network.reference import ReferenceEngine

        return ReferenceEngine(architecture)

    builders = {"compiled": compiled, "numpy": reference}
    if name not in builders:
        raise unknown_choice("engine", name, tuple(builders))
    return builders[name]()
