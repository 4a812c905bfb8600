"""Descriptions of layers: what stands in ``Sequential([...])``.

A description holds no arrays. It says which shapes a layer has, and hands the reference engine the equations; the
compiled engine finds its operations by ``kind``, which is the base name of the layer everywhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from handgrad.errors import wrong_shape
from handgrad.layers._types import Array
from handgrad.layers.dense import DenseParams, dense_backward, dense_forward
from handgrad.layers.identity import identity_backward, identity_forward
from handgrad.layers.leaky_relu import leaky_relu_backward, leaky_relu_forward
from handgrad.layers.relu import relu_backward, relu_forward
from handgrad.layers.scaled_tanh import scaled_tanh_backward, scaled_tanh_forward
from handgrad.layers.sigmoid import sigmoid_backward, sigmoid_forward
from handgrad.layers.softmax import softmax_backward, softmax_forward
from handgrad.layers.tanh import tanh_backward, tanh_forward
from handgrad.options import DECAY, settle, whole

Shape = tuple[int, ...]
Gradients = dict[str, Array]


def steps(shape: Shape) -> int:
    """T of a sample of ``shape``, if it is a sequence (T, features); else 1."""
    return shape[0] if len(shape) == 2 else 1


def features(shape: Shape) -> int:
    """Numbers in one step of a sample of ``shape``."""
    return int(np.prod(shape)) // steps(shape)


class StepLayer(Protocol):
    """What every description offers whose layer takes samples, or the steps of a sequence, one by one."""

    kind: ClassVar[str]
    decayed: ClassVar[tuple[str, ...]]  # names of the parameters that weight decay applies to

    def output_shape(self, input_shape: Shape) -> Shape:
        """Shape of one sample behind the layer."""
        ...

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Name and shape of every parameter, in the order of the flat vector."""
        ...

    def initializers(self) -> dict[str, Any]:
        """Initializer of every parameter, or its name."""
        ...

    def constants(self) -> tuple[float, ...]:
        """Numbers that the operation reads and training does not change."""
        ...

    def forward(self, params: Mapping[str, Array], x: Array) -> tuple[Array, Any]:
        """The equation in ``layers/``: ``x`` (features, batch) to ``y`` and the cache."""
        ...

    def backward(self, params: Mapping[str, Array], cache: Any, dy: Array) -> tuple[Array, Gradients]:
        """The equation in ``layers/``: ``dy`` to ``dx`` and the gradients by parameter name."""
        ...


@runtime_checkable
class TimeLayer(Protocol):
    """What every description offers whose layer takes whole sequences; the rest is as in ``StepLayer``."""

    kind: ClassVar[str]
    decayed: ClassVar[tuple[str, ...]]

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """Numbers in each of the arrays that go on from one piece of a sequence to the next; none of a layer that keeps
        nothing."""
        ...

    def output_shape(self, input_shape: Shape) -> Shape: ...

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]: ...

    def initializers(self) -> dict[str, Any]: ...

    def constants(self) -> tuple[float, ...]: ...

    def forward_through_time(
        self, params: Mapping[str, Array], x: Array, before: Sequence[Array] | None, lengths: Any
    ) -> tuple[Array, Any]:
        """The equation in ``layers/``: ``x`` (T, features, B), and the states before it, to ``y`` and the cache."""
        ...

    def backward_through_time(self, params: Mapping[str, Array], cache: Any, dy: Array) -> tuple[Array, Gradients]:
        """The equation in ``layers/``: ``dy`` to ``dx`` and the gradients by parameter name."""
        ...

    def last_states(self, cache: Any) -> tuple[Array, ...]:
        """The states (size, B) after the last step."""
        ...


@dataclass(frozen=True)
class Dense:
    """Fully connected layer, a = W x + b, with ``units`` outputs; of a sequence, every step by itself.

    ``weights`` and ``biases`` are initializers or their names (see ``handgrad.training.initializers``).
    """

    units: int
    weights: Any = "glorot_uniform"
    biases: Any = "zeros"
    kind: ClassVar[str] = "dense"
    decayed: ClassVar[tuple[str, ...]] = ("W",)

    def __post_init__(self) -> None:
        object.__setattr__(self, "units", whole("the width of a Dense layer", self.units))

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) > 2:
            raise wrong_shape("the input of Dense", input_shape, ("features",), "flatten it first")
        return (*input_shape[:-1], self.units)

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        return {"W": (self.units, input_shape[-1]), "b": (self.units,)}

    def initializers(self) -> dict[str, Any]:
        return {"W": self.weights, "b": self.biases}

    def constants(self) -> tuple[float, ...]:
        return ()

    def forward(self, params: Mapping[str, Array], x: Array) -> tuple[Array, Any]:
        return dense_forward(DenseParams(params["W"], params["b"]), x)

    def backward(self, params: Mapping[str, Array], cache: Any, dy: Array) -> tuple[Array, Gradients]:
        dx, grads = dense_backward(DenseParams(params["W"], params["b"]), cache, dy)
        return dx, grads._asdict()


Layer = StepLayer | TimeLayer


@dataclass(frozen=True)
class _Elementwise:
    """What layers without parameters, whose output has the input's shape, have in common."""

    decayed: ClassVar[tuple[str, ...]] = ()

    def output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        return {}

    def initializers(self) -> dict[str, Any]:
        return {}

    def constants(self) -> tuple[float, ...]:
        return ()


@dataclass(frozen=True)
class Sigmoid(_Elementwise):
    """y = 1 / (1 + exp(-a))"""

    kind: ClassVar[str] = "sigmoid"

    def forward(self, params: Mapping[str, Array], x: Array) -> tuple[Array, Any]:
        return sigmoid_forward(x)

    def backward(self, params: Mapping[str, Array], cache: Any, dy: Array) -> tuple[Array, Gradients]:
        return sigmoid_backward(cache, dy), {}


@dataclass(frozen=True)
class Tanh(_Elementwise):
    """y = tanh(a)"""

    kind: ClassVar[str] = "tanh"

    def forward(self, params: Mapping[str, Array], x: Array) -> tuple[Array, Any]:
        return tanh_forward(x)

    def backward(self, params: Mapping[str, Array], cache: Any, dy: Array) -> tuple[Array, Gradients]:
        return tanh_backward(cache, dy), {}


@dataclass(frozen=True)
class ScaledTanh(_Elementwise):
    """y = 1.7159 tanh(2 a / 3), LeCun's"""

    kind: ClassVar[str] = "scaled_tanh"

    def forward(self, params: Mapping[str, Array], x: Array) -> tuple[Array, Any]:
        return scaled_tanh_forward(x)

    def backward(self, params: Mapping[str, Array], cache: Any, dy: Array) -> tuple[Array, Gradients]:
        return scaled_tanh_backward(cache, dy), {}


@dataclass(frozen=True)
class ReLU(_Elementwise):
    """y = max(a, 0)"""

    kind: ClassVar[str] = "relu"

    def forward(self, params: Mapping[str, Array], x: Array) -> tuple[Array, Any]:
        return relu_forward(x)

    def backward(self, params: Mapping[str, Array], cache: Any, dy: Array) -> tuple[Array, Gradients]:
        return relu_backward(cache, dy), {}


@dataclass(frozen=True)
class LeakyReLU(_Elementwise):
    """y = a where a > 0, else slope * a"""

    slope: float = 0.01
    kind: ClassVar[str] = "leaky_relu"

    def __post_init__(self) -> None:
        settle(self, slope=DECAY)

    def constants(self) -> tuple[float, ...]:
        return (self.slope,)

    def forward(self, params: Mapping[str, Array], x: Array) -> tuple[Array, Any]:
        return leaky_relu_forward(x, self.slope)

    def backward(self, params: Mapping[str, Array], cache: Any, dy: Array) -> tuple[Array, Gradients]:
        return leaky_relu_backward(cache, dy, self.slope), {}


@dataclass(frozen=True)
class Identity(_Elementwise):
    """y = a"""

    kind: ClassVar[str] = "identity"

    def forward(self, params: Mapping[str, Array], x: Array) -> tuple[Array, Any]:
        return identity_forward(x)

    def backward(self, params: Mapping[str, Array], cache: Any, dy: Array) -> tuple[Array, Gradients]:
        return identity_backward(cache, dy), {}


@dataclass(frozen=True)
class Softmax(_Elementwise):
    """y = exp(a) / sum exp(a) over the features of a sample. For training prefer SoftmaxCrossEntropy on logits."""

    kind: ClassVar[str] = "softmax"

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) > 2:
            raise wrong_shape("the input of Softmax", input_shape, ("features",), "flatten it first")
        return input_shape

    def forward(self, params: Mapping[str, Array], x: Array) -> tuple[Array, Any]:
        return softmax_forward(x)

    def backward(self, params: Mapping[str, Array], cache: Any, dy: Array) -> tuple[Array, Gradients]:
        return softmax_backward(cache, dy), {}


LAYERS: dict[str, type[Any]] = {
    cls.kind: cls for cls in (Dense, Sigmoid, Tanh, ScaledTanh, ReLU, LeakyReLU, Identity, Softmax)
}
