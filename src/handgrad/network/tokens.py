"""Descriptions of what a language model is made of besides ``Dense``: Embedding, LSTM, Dropout."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from handgrad.errors import UsageError, out_of_range, shape_text, wrong_shape
from handgrad.layers._types import Array
from handgrad.layers.dropout import dropout_backward, dropout_forward
from handgrad.layers.embedding import EmbeddingParams, embedding_backward, embedding_forward
from handgrad.layers.lstm import LstmParams, lstm_backward, lstm_forward
from handgrad.network.layers import Gradients, Shape
from handgrad.options import DECAY, FINITE, settle, whole
from handgrad.training.initializers import Float64, Initializer, initializer

_MOST_TOKENS = 2**24  # whole numbers up to here are exact in float32, in which tokens travel


@dataclass(frozen=True)
class Embedding:
    """A row of ``features`` numbers for each of ``tokens`` tokens, 0 to tokens - 1; the first layer of a network whose
    samples are sequences of tokens, ``input_shape=(steps,)``. ``weights`` is the initializer of E or its name."""

    tokens: int
    features: int
    weights: Any = "normal"
    kind: ClassVar[str] = "embedding"
    decayed: ClassVar[tuple[str, ...]] = ("E",)
    state_sizes: ClassVar[tuple[int, ...]] = ()

    def __post_init__(self) -> None:
        tokens = whole("the number of tokens of Embedding", self.tokens, "a whole number of at least 1")
        if tokens > _MOST_TOKENS:
            raise out_of_range("the number of tokens of Embedding", self.tokens, f"at most {_MOST_TOKENS}")
        object.__setattr__(self, "tokens", tokens)
        object.__setattr__(self, "features", whole("the width of an Embedding", self.features))

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) != 2 or input_shape[1] != 1:
            raise wrong_shape("the input of Embedding", input_shape, ("steps",), "it takes tokens, so it comes first")
        return (input_shape[0], self.features)

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        return {"E": (self.tokens, self.features)}

    def initializers(self) -> dict[str, Any]:
        return {"E": self.weights}

    def constants(self) -> tuple[float, ...]:
        return ()

    def forward_through_time(
        self, params: Mapping[str, Array], x: Array, before: Sequence[Array] | None, lengths: Any
    ) -> tuple[Array, Any]:
        """The equation: tokens ``x`` (T, 1, B) to their embeddings (T, features, B), and the cache."""
        return embedding_forward(EmbeddingParams(params["E"]), x[:, 0].astype(np.int64), lengths)

    def backward_through_time(self, params: Mapping[str, Array], cache: Any, dy: Array) -> tuple[Array, Gradients]:
        """The equation: ``dy`` to the gradient of E. Tokens have none: what stands for it is zeros."""
        grads = embedding_backward(EmbeddingParams(params["E"]), cache, dy)
        return np.zeros((len(dy), 1, dy.shape[2]), dy.dtype), grads._asdict()

    def last_states(self, cache: Any) -> tuple[Array, ...]:
        return ()


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


@dataclass(frozen=True)
class Dropout:
    """In training, a share ``rate`` of the numbers becomes 0 and the others grow by 1 / (1 - rate); else the identity.

    Also ``gradients`` leaves it out: its result would depend on chance. Which numbers are kept follows from the seed of
    ``fit``, the step and the place (``network/masks.py``), whatever the threads, and wherever training went on.
    """

    rate: float = 0.5
    kind: ClassVar[str] = "dropout"
    decayed: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        settle(self, rate=DECAY)

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) > 2:
            shape = shape_text(input_shape)
            raise UsageError(f"Dropout stands behind maps of {shape}, expected a vector; put Flatten() before it")
        return input_shape

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        return {}

    def initializers(self) -> dict[str, Any]:
        return {}

    def constants(self) -> tuple[float, ...]:
        return (self.rate,)

    def forward(self, params: Mapping[str, Array], x: Array) -> tuple[Array, Any]:
        """Nothing is left out where a network is used."""
        return x, None

    def drop(self, x: Array, keep: Array) -> tuple[Array, Any]:
        """The equation, in training."""
        return dropout_forward(x, keep, self.rate)

    def backward(self, params: Mapping[str, Array], cache: Any, dy: Array) -> tuple[Array, Gradients]:
        return (dy if cache is None else dropout_backward(cache, dy, self.rate)), {}


TOKEN_LAYERS: dict[str, type[Any]] = {cls.kind: cls for cls in (Embedding, LSTM, Dropout)}
