"""Descriptions of what a language model is made of besides ``Dense``: Embedding, LSTM, Dropout."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from handgrad.errors import UsageError, out_of_range, shape_text, wrong_shape
from handgrad.layers._types import Array
from handgrad.layers.dropout import dropout_backward, dropout_forward
from handgrad.layers.embedding import EmbeddingParams, embedding_backward, embedding_forward
from handgrad.network.layers import Gradients, Shape
from handgrad.options import DECAY, settle, whole

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


TOKEN_LAYERS: dict[str, type[Any]] = {cls.kind: cls for cls in (Embedding, Dropout)}
