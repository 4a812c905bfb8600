"""Descriptions of losses: what stands behind ``loss=`` in ``Sequential``.

A loss gives one value per sample, summed over its outputs; the loss of a batch is the mean over its samples.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

from handgrad.errors import InputError, unknown_choice, wrong_dtype, wrong_shape
from handgrad.layers._types import Array
from handgrad.layers.half_squared_error import half_squared_error_backward, half_squared_error_forward
from handgrad.layers.sigmoid import sigmoid_forward
from handgrad.layers.sigmoid_cross_entropy import sigmoid_cross_entropy_backward, sigmoid_cross_entropy_forward
from handgrad.layers.softmax import softmax_forward
from handgrad.layers.softmax_cross_entropy import softmax_cross_entropy_backward, softmax_cross_entropy_forward
from handgrad.layers.squared_error import squared_error_backward, squared_error_forward
from handgrad.network.layers import Sigmoid, Softmax


class Loss(Protocol):
    """What every loss offers."""

    kind: ClassVar[str]

    def forward(self, y: Array, t: Array) -> tuple[Array, Any]:
        """The equation in ``layers/``: predictions and targets (outputs, batch) to losses (batch,) and the cache."""
        ...

    def backward(self, cache: Any, dl: Array) -> Array:
        """The equation in ``layers/``: ``dl`` (batch,) to the gradient by the predictions."""
        ...

    def targets(self, y: Any, outputs: int) -> Array:
        """The user's targets as an array (samples, outputs)."""
        ...

    def prediction(self, outputs: Array) -> Array:
        """What the network says, from its last layer's outputs (outputs, batch): probabilities from logits."""
        ...

    def prediction_layers(self) -> tuple[Any, ...]:
        """The same as layers behind the network."""
        ...


def numeric_targets(y: Any, outputs: int) -> Array:
    """``y`` as float64 (samples, outputs); a vector of one number per sample is a column.

    Raises InputError where it is not numeric or has another number of columns.
    """
    try:
        given = np.asarray(y)
    except ValueError:
        raise InputError("the rows of y have different lengths, expected as many numbers in each") from None
    if given.dtype.kind not in "fiub":
        raise wrong_dtype("y", given.dtype, "real numbers")
    t = given.astype(np.float64)
    if t.ndim == 1 and outputs == 1:
        t = t[:, None]
    if t.ndim != 2 or t.shape[1] != outputs:
        raise wrong_shape("y", t.shape, ("samples", outputs), "one column per output of the network")
    return t


def one_hot(labels: Any, classes: int) -> Array:
    """Class numbers (samples,) as rows with a one at the class: float64 (samples, classes).

    Raises InputError for a label that is not a whole number in 0 .. classes - 1.
    """
    numbers = np.asarray(labels)
    if numbers.dtype.kind not in "fiub":
        raise wrong_dtype("the class numbers", numbers.dtype, "whole numbers")
    if numbers.ndim != 1:
        raise wrong_shape("the class numbers", numbers.shape, ("samples",))
    wrong = np.flatnonzero((numbers < 0) | (numbers >= classes) | (numbers != np.floor(numbers)))
    if wrong.size:
        row = int(wrong[0])
        raise InputError(
            f"y holds {numbers[row]} in row {row}, expected a class number from 0 to {classes - 1} "
            f"(the network has {classes} outputs)"
        )
    t = np.zeros((numbers.size, classes))
    t[np.arange(numbers.size), numbers.astype(np.int64)] = 1
    return t


@dataclass(frozen=True)
class SquaredError:
    """sum (y - t)^2 over the outputs of a sample."""

    kind: ClassVar[str] = "squared_error"

    def forward(self, y: Array, t: Array) -> tuple[Array, Any]:
        return squared_error_forward(y, t)

    def backward(self, cache: Any, dl: Array) -> Array:
        return squared_error_backward(cache, dl)

    def targets(self, y: Any, outputs: int) -> Array:
        return numeric_targets(y, outputs)

    def prediction(self, outputs: Array) -> Array:
        return outputs

    def prediction_layers(self) -> tuple[Any, ...]:
        return ()


@dataclass(frozen=True)
class HalfSquaredError:
    """1/2 sum (y - t)^2 over the outputs of a sample."""

    kind: ClassVar[str] = "half_squared_error"

    def forward(self, y: Array, t: Array) -> tuple[Array, Any]:
        return half_squared_error_forward(y, t)

    def backward(self, cache: Any, dl: Array) -> Array:
        return half_squared_error_backward(cache, dl)

    def targets(self, y: Any, outputs: int) -> Array:
        return numeric_targets(y, outputs)

    def prediction(self, outputs: Array) -> Array:
        return outputs

    def prediction_layers(self) -> tuple[Any, ...]:
        return ()


@dataclass(frozen=True)
class SoftmaxCrossEntropy:
    """- sum t log softmax(a) on logits a, in nats. Targets: class numbers (samples,) or rows of probabilities.

    ``mean="tokens"``, for language models: the loss of a batch is the mean over all real steps of its sequences, not
    over sequences, and targets are class numbers (samples, steps).
    """

    mean: str = "samples"
    kind: ClassVar[str] = "softmax_cross_entropy"

    def __post_init__(self) -> None:
        if self.mean not in ("samples", "tokens"):
            raise unknown_choice("mean of SoftmaxCrossEntropy", self.mean, ("samples", "tokens"))

    def __repr__(self) -> str:
        return "SoftmaxCrossEntropy()" if self.mean == "samples" else "SoftmaxCrossEntropy(mean='tokens')"

    def forward(self, y: Array, t: Array) -> tuple[Array, Any]:
        return softmax_cross_entropy_forward(y, t)

    def backward(self, cache: Any, dl: Array) -> Array:
        return softmax_cross_entropy_backward(cache, dl)

    def targets(self, y: Any, outputs: int) -> Array:
        given = np.asarray(y)
        if given.ndim == 1 and np.issubdtype(given.dtype, np.integer) and outputs > 1:
            return one_hot(given, outputs)
        return numeric_targets(y, outputs)

    def prediction(self, outputs: Array) -> Array:
        return softmax_forward(outputs)[0]

    def prediction_layers(self) -> tuple[Any, ...]:
        return (Softmax(),)


def per_token(loss: Loss) -> bool:
    """Whether the loss of a batch is a mean over the real steps of its sequences."""
    return getattr(loss, "mean", "samples") == "tokens"


@dataclass(frozen=True)
class SigmoidCrossEntropy:
    """- sum t log y + (1 - t) log(1 - y), y = sigmoid(a), on logits a, in nats. Targets in [0, 1]."""

    kind: ClassVar[str] = "sigmoid_cross_entropy"

    def forward(self, y: Array, t: Array) -> tuple[Array, Any]:
        return sigmoid_cross_entropy_forward(y, t)

    def backward(self, cache: Any, dl: Array) -> Array:
        return sigmoid_cross_entropy_backward(cache, dl)

    def targets(self, y: Any, outputs: int) -> Array:
        t = numeric_targets(y, outputs)
        wrong = np.argwhere((t < 0) | (t > 1))
        if wrong.size:
            row, column = (int(i) for i in wrong[0])
            raise InputError(f"y holds {t[row, column]} in row {row}, column {column}, expected numbers in [0, 1]")
        return t

    def prediction(self, outputs: Array) -> Array:
        return sigmoid_forward(outputs)[0]

    def prediction_layers(self) -> tuple[Any, ...]:
        return (Sigmoid(),)


LOSSES: dict[str, type[Any]] = {
    cls.kind: cls for cls in (SquaredError, HalfSquaredError, SoftmaxCrossEntropy, SigmoidCrossEntropy)
}
