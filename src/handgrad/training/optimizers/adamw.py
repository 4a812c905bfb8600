"""AdamW: Adam with weight decay beside the gradient, not inside it, so that the decay is not divided by sqrt(v).

    theta' = theta_{t-1} - eta lambda theta_{t-1}
    m_t = beta1 m_{t-1} + (1 - beta1) g_t
    v_t = beta2 v_{t-1} + (1 - beta2) g_t^2
    mhat_t = m_t / (1 - beta1^t),    vhat_t = v_t / (1 - beta2^t)
    theta_t = theta' - eta mhat_t / (sqrt(vhat_t) + epsilon)

Source: Loshchilov and Hutter (2019), Decoupled weight decay regularization, algorithm 2. There a schedule's multiplier
eta_t scales the decay, eta_t lambda, and the rate alpha does not; here, as in PyTorch, the decay is the whole learning
rate times lambda. All parameters decay, biases too, as PyTorch's do unless they are in a group of their own.

Epsilon: OUTSIDE the root, after the correction, as in Adam, in the paper and in PyTorch.

Shapes: theta, g, m, v (P,).
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from handgrad.layers._types import Array
from handgrad.options import DECAY, EPSILON, NOT_NEGATIVE, settle
from handgrad.training.optimizers._base import Optimizer, State


def adamw_update(
    theta: Array,
    g: Array,
    state: State,
    t: int,
    lr: float,
    beta1: float,
    beta2: float,
    epsilon: float,
    weight_decay: float,
) -> tuple[Array, State]:
    """Step ``t`` (from 1) from ``theta`` (P,) by its gradient ``g`` (P,); the state is (m, v)."""
    m, v = state
    # 1
    theta = theta - lr * weight_decay * theta
    # 2
    m = beta1 * m + (1 - beta1) * g
    # 3
    v = beta2 * v + (1 - beta2) * g**2
    # 4
    m_hat = m / (1 - beta1**t)
    # 5
    v_hat = v / (1 - beta2**t)
    # 6
    theta = theta - lr * m_hat / (np.sqrt(v_hat) + epsilon)
    return theta, (m, v)


@dataclass(frozen=True)
class AdamW(Optimizer):
    """Adam with decoupled weight decay: every step also multiplies the parameters by 1 - ``lr * weight_decay``."""

    kind: ClassVar[str] = "adamw"

    lr: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        settle(self, beta1=DECAY, beta2=DECAY, epsilon=EPSILON, weight_decay=NOT_NEGATIVE)

    @property
    def slots(self) -> int:
        """2, the means of the gradient and of its square."""
        return 2

    def hyper(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """lr, beta1, beta2, epsilon, weight_decay."""
        return np.array([self.lr, self.beta1, self.beta2, self.epsilon, self.weight_decay], np.float64)

    def equation(self, theta: Array, g: Array, state: State, t: int, lr: float) -> tuple[Array, State]:
        """``adamw_update`` with this optimizer's numbers."""
        return adamw_update(theta, g, state, t, lr, self.beta1, self.beta2, self.epsilon, self.weight_decay)
