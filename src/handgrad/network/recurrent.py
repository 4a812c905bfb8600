"""Descriptions of recurrent layers, which walk through the steps of sequences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from handgrad.errors import unknown_choice, wrong_shape
from handgrad.layers._activations import ACTIVATIONS
from handgrad.layers._types import Array
from handgrad.layers.lstm import LstmParams, lstm_backward, lstm_forward
from handgrad.layers.rnn import RnnParams, rnn_backward, rnn_forward
from handgrad.network.layers import Gradients, Shape
from handgrad.options import FINITE, settle, whole
from handgrad.training.initializers import Float64, Initializer, initializer


@dataclass(frozen=True)
class RNN:
    """Recurrent layer (Elman's), h_t = f(b + W h_{t-1} + U x_t), with ``units`` states, on sequences (steps, features).

    Hands on every state, or with ``return_sequences=False`` the last one (of each sequence, whatever its length).
    ``truncate``: k of truncated BPTT(k), no gradient flows back over the steps k, 2k, ...; 0: the gradient is exact.
    ``recurrent_weights``, ``weights`` and ``biases`` are initializers of W, U and b or their names.
    """

    units: int
    activation: str = "tanh"
    return_sequences: bool = True
    truncate: int = 0
    recurrent_weights: Any = "orthogonal"
    weights: Any = "glorot_uniform"
    biases: Any = "zeros"
    kind: ClassVar[str] = "rnn"
    decayed: ClassVar[tuple[str, ...]] = ("W", "U")

    def __post_init__(self) -> None:
        object.__setattr__(self, "units", whole("the width of an RNN layer", self.units))
        object.__setattr__(self, "truncate", whole("truncate of RNN", self.truncate, "0 (not truncated) or steps", 0))
        if self.activation not in ACTIVATIONS:
            raise unknown_choice("the activation of RNN", self.activation, tuple(ACTIVATIONS))

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) != 2:
            raise wrong_shape("the input of RNN", input_shape, ("steps", "features"), "an RNN takes sequences")
        return (input_shape[0], self.units) if self.return_sequences else (self.units,)

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        return {"W": (self.units, self.units), "U": (self.units, input_shape[1]), "b": (self.units,)}

    def initializers(self) -> dict[str, Any]:
        return {"W": self.recurrent_weights, "U": self.weights, "b": self.biases}

    def constants(self) -> tuple[float, ...]:
        return ()

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """Of the state, which goes on from one call to the next."""
        return (self.units,)

    def forward_through_time(
        self, params: Mapping[str, Array], x: Array, before: Sequence[Array] | None, lengths: Any
    ) -> tuple[Array, Any]:
        """The equation: ``x`` (T, features, B) to states (T, units, B), or the last (units, B), and the cache."""
        h0 = np.zeros((self.units, x.shape[2]), x.dtype) if before is None else before[0]
        h, cache = rnn_forward(RnnParams(params["W"], params["U"], params["b"]), x, h0, self.activation, lengths)
        return h if self.return_sequences else h[-1], cache

    def backward_through_time(self, params: Mapping[str, Array], cache: Any, dy: Array) -> tuple[Array, Gradients]:
        """The equation: ``dy`` to ``dx`` and the gradients by parameter name."""
        dh = dy
        if not self.return_sequences:
            dh = np.zeros_like(cache.h[:-1])
            dh[-1] = dy
        parameters = RnnParams(params["W"], params["U"], params["b"])
        dx, _, grads = rnn_backward(parameters, cache, dh, self.truncate or None)
        return dx, grads._asdict()

    def last_states(self, cache: Any) -> tuple[Array, ...]:
        """The state (units, B) after the last step."""
        return (cache.h[-2],)


@dataclass(frozen=True)
class _Gates(Initializer):
    """An initializer, or its name, for each of the four gates by itself: a gate's unit has its own fans."""

    each: Any
    kind: ClassVar[str] = "gates"

    def __call__(self, shape: Shape, rng: np.random.Generator) -> Float64:
        one = (shape[0] // 4, *shape[1:])
        return np.concatenate([initializer(self.each)(one, rng) for _ in "ifgo"])


@dataclass(frozen=True)
class _Biases(_Gates):
    """The same for biases, with something added to those of the forget gate."""

    forget: float = 0.0

    def __call__(self, shape: Shape, rng: np.random.Generator) -> Float64:
        b = super().__call__(shape, rng)
        units = shape[0] // 4
        b[units : 2 * units] += self.forget
        return b


@dataclass(frozen=True)
class LSTM:
    """Long short-term memory with ``units`` states, gates in the order i, f, g, o, on sequences (steps, features).

    Hands on every state, or with ``return_sequences=False`` the last one (of each sequence, whatever its length).
    ``truncate``: k of truncated BPTT(k), no gradient flows back over the steps k, 2k, ...; 0: the gradient is exact.
    ``recurrent_weights``, ``weights`` and ``biases`` are initializers, for each gate by itself, of W (4 units, units),
    U (4 units, features) and b (4 units,) or their names; ``forget_bias`` is added to the forget gate's biases (0: as
    in PyTorch; 1: memory begins open, Jozefowicz, Zaremba and Sutskever, 2015).
    """

    units: int
    return_sequences: bool = True
    truncate: int = 0
    recurrent_weights: Any = "orthogonal"
    weights: Any = "glorot_uniform"
    biases: Any = "zeros"
    forget_bias: float = 0.0
    kind: ClassVar[str] = "lstm"
    decayed: ClassVar[tuple[str, ...]] = ("W", "U")

    def __post_init__(self) -> None:
        object.__setattr__(self, "units", whole("the width of an LSTM layer", self.units))
        object.__setattr__(self, "truncate", whole("truncate of LSTM", self.truncate, "0 (not truncated) or steps", 0))
        settle(self, forget_bias=FINITE)

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """Of the state and of the cell, which go on from one call to the next."""
        return (self.units, self.units)

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) != 2:
            raise wrong_shape("the input of LSTM", input_shape, ("steps", "features"), "an LSTM takes sequences")
        return (input_shape[0], self.units) if self.return_sequences else (self.units,)

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        rows = 4 * self.units
        return {"W": (rows, self.units), "U": (rows, input_shape[1]), "b": (rows,)}

    def initializers(self) -> dict[str, Any]:
        biases = _Biases(self.biases, self.forget_bias)
        return {"W": _Gates(self.recurrent_weights), "U": _Gates(self.weights), "b": biases}

    def constants(self) -> tuple[float, ...]:
        return ()

    def forward_through_time(
        self, params: Mapping[str, Array], x: Array, before: Sequence[Array] | None, lengths: Any
    ) -> tuple[Array, Any]:
        """The equation: ``x`` (T, features, B) to states (T, units, B), or the last (units, B), and the cache."""
        zeros = np.zeros((self.units, x.shape[2]), x.dtype)
        h0, c0 = (zeros, zeros) if before is None else before
        (h, _), cache = lstm_forward(LstmParams(params["W"], params["U"], params["b"]), x, h0, c0, lengths)
        return h if self.return_sequences else h[-1], cache

    def backward_through_time(self, params: Mapping[str, Array], cache: Any, dy: Array) -> tuple[Array, Gradients]:
        """The equation: ``dy`` to ``dx`` and the gradients by parameter name."""
        dh = dy
        if not self.return_sequences:
            dh = np.zeros_like(cache.h[:-1])
            dh[-1] = dy
        parameters = LstmParams(params["W"], params["U"], params["b"])
        dx, _, _, grads = lstm_backward(parameters, cache, dh, truncate=self.truncate or None)
        return dx, grads._asdict()

    def last_states(self, cache: Any) -> tuple[Array, ...]:
        """h and c (units, B) after the last step."""
        return cache.h[-2], cache.c[-2]


RECURRENT: dict[str, type[Any]] = {cls.kind: cls for cls in (RNN, LSTM)}
