"""RMSProp: the gradient over the root of a running mean of its square.

    s_t = alpha s_{t-1} + (1 - alpha) g_t^2
    without momentum   theta_t = theta_{t-1} - eta g_t / (sqrt(s_t) + epsilon)
    with momentum      v_t = mu v_{t-1} + g_t / (sqrt(s_t) + epsilon),    theta_t = theta_{t-1} - eta v_t

Source: Tieleman and Hinton (2012), Neural Networks for Machine Learning, lecture 6e, "rmsprop: divide the gradient by a
running average of its recent magnitude" (alpha is 0.9 there). Momentum on the scaled gradient is as in PyTorch.

Epsilon: OUTSIDE the root, as in PyTorch; the lecture has none. Graves (2013), Generating sequences with recurrent
neural networks, puts it inside, where a number acts as its root does outside: 1e-8 inside is about 1e-4 outside.

Shapes: theta, g, s, v (P,).
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from handgrad.layers._types import Array
from handgrad.options import DECAY, EPSILON, settle
from handgrad.training.optimizers._base import Optimizer, State


def rmsprop_update(
    theta: Array, g: Array, state: State, t: int, lr: float, alpha: float, epsilon: float, momentum: float
) -> tuple[Array, State]:
    """Step ``t`` from ``theta`` (P,) by its gradient ``g`` (P,); the state is (s, v), without momentum (s,)."""
    s = state[0]
    # 1
    s = alpha * s + (1 - alpha) * g**2
    if momentum == 0:
        # 2
        theta = theta - lr * g / (np.sqrt(s) + epsilon)
        return theta, (s,)
    v = state[1]
    # 2
    v = momentum * v + g / (np.sqrt(s) + epsilon)
    # 3
    theta = theta - lr * v
    return theta, (s, v)


@dataclass(frozen=True)
class RMSProp(Optimizer):
    """RMSProp with learning rate ``lr``; ``alpha`` is how much of the mean square is kept at each step."""

    kind: ClassVar[str] = "rmsprop"

    lr: float = 0.01
    alpha: float = 0.99
    epsilon: float = 1e-8
    momentum: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        settle(self, alpha=DECAY, epsilon=EPSILON, momentum=DECAY)

    @property
    def slots(self) -> int:
        """1, the mean square; 2 with momentum, the velocity behind it."""
        return 2 if self.momentum else 1

    def hyper(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """lr, alpha, epsilon, momentum."""
        return np.array([self.lr, self.alpha, self.epsilon, self.momentum], np.float64)

    def equation(self, theta: Array, g: Array, state: State, t: int, lr: float) -> tuple[Array, State]:
        """``rmsprop_update`` with this optimizer's numbers."""
        return rmsprop_update(theta, g, state, t, lr, self.alpha, self.epsilon, self.momentum)
