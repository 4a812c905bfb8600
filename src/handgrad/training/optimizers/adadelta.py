"""Adadelta: the step is as large as earlier steps were, in proportion to the gradient's size against earlier gradients.

    s_t = rho s_{t-1} + (1 - rho) g_t^2
    d_t = sqrt(u_{t-1} + epsilon) / sqrt(s_t + epsilon) g_t
    u_t = rho u_{t-1} + (1 - rho) d_t^2
    theta_t = theta_{t-1} - eta d_t

Source: Zeiler (2012), ADADELTA: an adaptive learning rate method, algorithm 1; eta is 1 there.

Epsilon: INSIDE both roots, as in the paper (eq. 9, RMS[g]_t = sqrt(E[g^2]_t + epsilon)) and in PyTorch. It is more than
a guard against division by zero: u_0 is 0, so the first step is at most sqrt(epsilon / (1 - rho)).

Shapes: theta, g, s, u, d (P,).
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from handgrad.layers._types import Array
from handgrad.options import DECAY, EPSILON, settle
from handgrad.training.optimizers._base import Optimizer, State


def adadelta_update(
    theta: Array, g: Array, state: State, t: int, lr: float, rho: float, epsilon: float
) -> tuple[Array, State]:
    """Step ``t`` from ``theta`` (P,) by its gradient ``g`` (P,); the state is (s, u)."""
    s, u = state
    # 1
    s = rho * s + (1 - rho) * g**2
    # 2
    d = np.sqrt(u + epsilon) / np.sqrt(s + epsilon) * g
    # 3
    u = rho * u + (1 - rho) * d**2
    # 4
    theta = theta - lr * d
    return theta, (s, u)


@dataclass(frozen=True)
class Adadelta(Optimizer):
    """Adadelta with averages that forget at rate ``rho``; ``lr`` scales the step that it finds by itself."""

    kind: ClassVar[str] = "adadelta"

    lr: float = 1.0
    rho: float = 0.9
    epsilon: float = 1e-6

    def __post_init__(self) -> None:
        super().__post_init__()
        settle(self, rho=DECAY, epsilon=EPSILON)

    @property
    def slots(self) -> int:
        """2, the averages of squared gradients and of squared steps."""
        return 2

    def hyper(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """lr, rho, epsilon."""
        return np.array([self.lr, self.rho, self.epsilon], np.float64)

    def equation(self, theta: Array, g: Array, state: State, t: int, lr: float) -> tuple[Array, State]:
        """``adadelta_update`` with this optimizer's numbers."""
        return adadelta_update(theta, g, state, t, lr, self.rho, self.epsilon)
