"""Initializers: how parameters begin, drawn from the network's seed.

Each is called as ``initializer(shape, rng)`` and returns a new float64 array, whatever the dtype of the network: the
same seed begins a float32 and a float64 network at the same point.

Fans: a Dense weight (M, N) has fan_in = N inputs and fan_out = M outputs; a convolution's (M, N, height, width) has
fan_in = N height width and fan_out = M height width, the connections of one unit.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from handgrad.errors import InputError, shape_text
from handgrad.options import FINITE, NOT_NEGATIVE, POSITIVE, named, settle

Float64 = np.ndarray[Any, np.dtype[np.float64]]


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """(fan_in, fan_out) of weights of ``shape``, outputs first. InputError for a vector: a bias has no fans."""
    if len(shape) < 2:
        raise InputError(
            f"initializing a parameter of shape {shape_text(shape)} by its fan-in, expected at least 2 axes "
            "(outputs, inputs, ...); begin a bias with zeros or normal"
        )
    field = math.prod(shape[2:])
    return shape[1] * field, shape[0] * field


class Initializer(ABC):
    """Base of the initializers: small frozen dataclasses that are called with a shape and a random generator."""

    kind: ClassVar[str]
    """Its name for ``initializer``."""

    @abstractmethod
    def __call__(self, shape: tuple[int, ...], rng: np.random.Generator) -> Float64:
        """New float64 values of ``shape``, drawn from ``rng``."""


@dataclass(frozen=True)
class Zeros(Initializer):
    """All zero: right for biases. In two layers of weights that follow each other it leaves every hidden unit equal."""

    kind: ClassVar[str] = "zeros"

    def __call__(self, shape: tuple[int, ...], rng: np.random.Generator) -> Float64:
        """Zeros of ``shape``; ``rng`` is not used."""
        return np.zeros(shape)


@dataclass(frozen=True)
class Ones(Initializer):
    """All one: right for weights that scale something whole, as those of a Subsample layer do."""

    kind: ClassVar[str] = "ones"

    def __call__(self, shape: tuple[int, ...], rng: np.random.Generator) -> Float64:
        """Ones of ``shape``; ``rng`` is not used."""
        return np.ones(shape)


@dataclass(frozen=True)
class Normal(Initializer):
    """Normal distribution N(mean, std^2); with its defaults N(0, 1).

    Source: the two-hidden-layer report on linear and XOR points (2020), which draws weights and biases alike so.
    """

    kind: ClassVar[str] = "normal"

    mean: float = 0.0
    std: float = 1.0

    def __post_init__(self) -> None:
        settle(self, mean=FINITE, std=NOT_NEGATIVE)

    def __call__(self, shape: tuple[int, ...], rng: np.random.Generator) -> Float64:
        """Values of ``shape``, any number of axes."""
        return rng.normal(self.mean, self.std, shape)


@dataclass(frozen=True)
class GlorotUniform(Initializer):
    """U(-b, b) with b = sqrt(6 / (fan_in + fan_out)): keeps the variance of signals and of gradients about level.

    Source: Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward neural networks, eq. 16.
    Also called Xavier.
    """

    kind: ClassVar[str] = "glorot_uniform"

    def __call__(self, shape: tuple[int, ...], rng: np.random.Generator) -> Float64:
        """Weights of ``shape`` (M, N, ...)."""
        bound = math.sqrt(6 / sum(fans(shape)))
        return rng.uniform(-bound, bound, shape)


@dataclass(frozen=True)
class GlorotNormal(Initializer):
    """N(0, 2 / (fan_in + fan_out)), not truncated.

    Source: Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward neural networks, eq. 12.
    """

    kind: ClassVar[str] = "glorot_normal"

    def __call__(self, shape: tuple[int, ...], rng: np.random.Generator) -> Float64:
        """Weights of ``shape`` (M, N, ...)."""
        return rng.normal(0, math.sqrt(2 / sum(fans(shape))), shape)


@dataclass(frozen=True)
class HeNormal(Initializer):
    """N(0, 2 / fan_in), not truncated: level through ReLUs, which drop half of the signal.

    Source: He, Zhang, Ren and Sun (2015), Delving deep into rectifiers, eq. 10.
    """

    kind: ClassVar[str] = "he_normal"

    def __call__(self, shape: tuple[int, ...], rng: np.random.Generator) -> Float64:
        """Weights of ``shape`` (M, N, ...)."""
        return rng.normal(0, math.sqrt(2 / fans(shape)[0]), shape)


@dataclass(frozen=True)
class HeUniform(Initializer):
    """U(-b, b) with b = sqrt(6 / fan_in): the variance of HeNormal.

    Source: He, Zhang, Ren and Sun (2015), Delving deep into rectifiers, eq. 10, as a uniform distribution.
    """

    kind: ClassVar[str] = "he_uniform"

    def __call__(self, shape: tuple[int, ...], rng: np.random.Generator) -> Float64:
        """Weights of ``shape`` (M, N, ...)."""
        bound = math.sqrt(6 / fans(shape)[0])
        return rng.uniform(-bound, bound, shape)


@dataclass(frozen=True)
class LeCunNormal(Initializer):
    """N(0, 1 / fan_in), not truncated: inputs of variance 1 give pre-activations of variance 1.

    Source: LeCun, Bottou, Orr and Müller (1998), Efficient BackProp, section 4.6.
    """

    kind: ClassVar[str] = "lecun_normal"

    def __call__(self, shape: tuple[int, ...], rng: np.random.Generator) -> Float64:
        """Weights of ``shape`` (M, N, ...)."""
        return rng.normal(0, math.sqrt(1 / fans(shape)[0]), shape)


@dataclass(frozen=True)
class LeCunUniform(Initializer):
    """U(-b, b) with b = sqrt(3 / fan_in): the variance of LeCunNormal.

    Source: LeCun, Bottou, Orr and Müller (1998), Efficient BackProp, section 4.6, as a uniform distribution.
    """

    kind: ClassVar[str] = "lecun_uniform"

    def __call__(self, shape: tuple[int, ...], rng: np.random.Generator) -> Float64:
        """Weights of ``shape`` (M, N, ...)."""
        bound = math.sqrt(3 / fans(shape)[0])
        return rng.uniform(-bound, bound, shape)


@dataclass(frozen=True)
class Orthogonal(Initializer):
    """``gain`` times a random orthogonal matrix: W^T W = gain^2 I where W is tall, W W^T = gain^2 I where it is wide.

    A convolution's weights (M, N, height, width) are taken as a matrix (M, N height width). Every orthogonal matrix is
    equally likely: Q of the QR decomposition of a normal matrix, its columns given the signs of R's diagonal.

    Sources: Saxe, McClelland and Ganguli (2014), Exact solutions to the nonlinear dynamics of learning in deep linear
    neural networks; the signs, Mezzadri (2007), How to generate random matrices from the classical compact groups,
    section 5.
    """

    kind: ClassVar[str] = "orthogonal"

    gain: float = 1.0

    def __post_init__(self) -> None:
        settle(self, gain=POSITIVE)

    def __call__(self, shape: tuple[int, ...], rng: np.random.Generator) -> Float64:
        """Weights of ``shape`` (M, N, ...)."""
        columns, _ = fans(shape)
        rows = shape[0]
        Q, R = np.linalg.qr(rng.normal(size=(max(rows, columns), min(rows, columns))))
        Q *= np.where(np.diag(R) < 0, -1.0, 1.0)
        return self.gain * (Q if rows >= columns else Q.T).reshape(shape)


INITIALIZERS: dict[str, type[Initializer]] = {
    each.kind: each
    for each in (
        Normal,
        GlorotUniform,
        GlorotNormal,
        HeNormal,
        HeUniform,
        LeCunNormal,
        LeCunUniform,
        Orthogonal,
        Zeros,
        Ones,
    )
}


def initializer(choice: str | Initializer) -> Initializer:
    """The initializer that ``choice`` names (any case), with its defaults, or ``choice`` itself; else UsageError."""
    if isinstance(choice, Initializer):
        return choice
    return named("initializer", choice, INITIALIZERS, "Normal(std=0.1)")()
