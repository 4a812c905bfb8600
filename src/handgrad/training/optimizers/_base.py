"""What every optimizer is to the two engines: some numbers, some state vectors, and one step on the flat parameters."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from handgrad.layers._types import Array
from handgrad.options import POSITIVE, settle

State = tuple[Array, ...]


@dataclass(frozen=True)
class Optimizer(ABC):
    """Base of the optimizers. P is the number of parameters of the network, K the number of state vectors.

    ``lr`` is the learning rate, in units of parameter per unit of gradient (SGD) or of parameter (the adaptive ones).
    A number out of range raises UsageError when the optimizer is made.
    """

    kind: ClassVar[str]
    """Its name; the equation and the kernel are both called ``<kind>_update``."""

    lr: float = 0.01

    def __post_init__(self) -> None:
        settle(self, lr=POSITIVE)

    @property
    @abstractmethod
    def slots(self) -> int:
        """K: how many vectors of length P it remembers from step to step."""

    @abstractmethod
    def hyper(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Its numbers as the kernel takes them, float64; the first is the learning rate."""

    @abstractmethod
    def equation(self, theta: Array, g: Array, state: State, t: int, lr: float) -> tuple[Array, State]:
        """Step ``t`` (from 1) at rate ``lr``: the new ``theta`` (P,) and state, K x (P,). A pure function."""

    def initial_state(self, size: int, dtype: np.dtype[Any] | type) -> Array:
        """State before the first step for ``size`` = P parameters: flat (K * P,), one vector after the other."""
        return np.zeros(self.slots * size, dtype)

    def update(self, theta: Array, g: Array, state: Array, step: int, lr: float) -> None:
        """Take step ``step`` (from 1) at rate ``lr``, in place on ``theta`` (P,) and ``state`` (K * P,)."""
        P = theta.size
        vectors = tuple(state[k * P : (k + 1) * P] for k in range(self.slots))
        # Python numbers keep the arrays' dtype; NumPy's own scalars would turn float32 into float64.
        new_theta, new_vectors = self.equation(theta, g, vectors, int(step), float(lr))
        theta[:] = new_theta
        for old, new in zip(vectors, new_vectors, strict=True):
            old[:] = new
