"""Adam: running means of the gradient and of its square, both corrected for having begun at zero.

    m_t = beta1 m_{t-1} + (1 - beta1) g_t
    v_t = beta2 v_{t-1} + (1 - beta2) g_t^2
    mhat_t = m_t / (1 - beta1^t),    vhat_t = v_t / (1 - beta2^t)
    theta_t = theta_{t-1} - eta mhat_t / (sqrt(vhat_t) + epsilon)

Source: Kingma and Ba (2015), Adam: a method for stochastic optimization, algorithm 1.

Epsilon: OUTSIDE the root, and added after v was corrected, as in the paper's algorithm 1 and in PyTorch. TensorFlow
follows the paper's reordered form (end of section 2): there it is added to the root of the uncorrected v, which is
smaller, so that the same number weighs more in early steps.

Shapes: theta, g, m, v (P,).
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from handgrad.layers._types import Array
from handgrad.options import DECAY, EPSILON, settle
from handgrad.training.optimizers._base import Optimizer, State


def adam_update(
    theta: Array, g: Array, state: State, t: int, lr: float, beta1: float, beta2: float, epsilon: float
) -> tuple[Array, State]:
    """Step ``t`` (from 1) from ``theta`` (P,) by its gradient ``g`` (P,); the state is (m, v)."""
    m, v = state
    # 1
    m = beta1 * m + (1 - beta1) * g
    # 2
    v = beta2 * v + (1 - beta2) * g**2
    # 3
    m_hat = m / (1 - beta1**t)
    # 4
    v_hat = v / (1 - beta2**t)
    # 5
    theta = theta - lr * m_hat / (np.sqrt(v_hat) + epsilon)
    return theta, (m, v)


@dataclass(frozen=True)
class Adam(Optimizer):
    """Adam with learning rate ``lr``; ``beta1`` and ``beta2`` are how much of each mean is kept at each step."""

    kind: ClassVar[str] = "adam"

    lr: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        settle(self, beta1=DECAY, beta2=DECAY, epsilon=EPSILON)

    @property
    def slots(self) -> int:
        """2, the means of the gradient and of its square."""
        return 2

    def hyper(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """lr, beta1, beta2, epsilon."""
        return np.array([self.lr, self.beta1, self.beta2, self.epsilon], np.float64)

    def equation(self, theta: Array, g: Array, state: State, t: int, lr: float) -> tuple[Array, State]:
        """``adam_update`` with this optimizer's numbers."""
        return adam_update(theta, g, state, t, lr, self.beta1, self.beta2, self.epsilon)
