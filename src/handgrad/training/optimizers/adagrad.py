"""AdaGrad: every parameter's rate shrinks with the sum of its squared gradients so far.

    s_t = s_{t-1} + g_t^2
    theta_t = theta_{t-1} - eta g_t / (sqrt(s_t) + epsilon)

Source: Duchi, Hazan and Singer (2011), Adaptive subgradient methods for online learning and stochastic optimization,
figure 1 (diagonal matrices).

Epsilon: OUTSIDE the root, as in the paper (its H_t = delta I + diag(s_t) holds norms, roots already) and in PyTorch.
The report on Tang poems prints it inside, eta / sqrt(G_t + epsilon), after Ruder (2016), An overview of gradient
descent optimization algorithms.

Shapes: theta, g, s (P,).
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from handgrad.layers._types import Array
from handgrad.options import EPSILON, NOT_NEGATIVE, settle
from handgrad.training.optimizers._base import Optimizer, State


def adagrad_update(theta: Array, g: Array, state: State, t: int, lr: float, epsilon: float) -> tuple[Array, State]:
    """Step ``t`` from ``theta`` (P,) by its gradient ``g`` (P,); the state is (s,)."""
    (s,) = state
    # 1
    s = s + g**2
    # 2
    theta = theta - lr * g / (np.sqrt(s) + epsilon)
    return theta, (s,)


@dataclass(frozen=True)
class AdaGrad(Optimizer):
    """AdaGrad with learning rate ``lr``; ``initial_accumulator`` is s_0, which damps the first steps."""

    kind: ClassVar[str] = "adagrad"

    lr: float = 0.01
    epsilon: float = 1e-10
    initial_accumulator: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        settle(self, epsilon=EPSILON, initial_accumulator=NOT_NEGATIVE)

    @property
    def slots(self) -> int:
        """1, the sum of squared gradients."""
        return 1

    def hyper(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """lr, epsilon."""
        return np.array([self.lr, self.epsilon], np.float64)

    def initial_state(self, size: int, dtype: np.dtype[Any] | type) -> Array:
        """s_0 for ``size`` = P parameters: (P,), every entry ``initial_accumulator``."""
        return np.full(size, self.initial_accumulator, dtype)

    def equation(self, theta: Array, g: Array, state: State, t: int, lr: float) -> tuple[Array, State]:
        """``adagrad_update`` with this optimizer's numbers."""
        return adagrad_update(theta, g, state, t, lr, self.epsilon)
