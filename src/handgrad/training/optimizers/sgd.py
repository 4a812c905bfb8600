"""Stochastic gradient descent: plain, with momentum, with Nesterov's momentum.

    plain      theta_t = theta_{t-1} - eta g_t
    momentum   v_t = mu v_{t-1} + g_t,    theta_t = theta_{t-1} - eta v_t
    Nesterov   v_t = mu v_{t-1} + g_t,    theta_t = theta_{t-1} - eta (g_t + mu v_t)

Sources: Robbins and Monro (1951), A stochastic approximation method; momentum, Polyak (1964), Some methods of speeding
up the convergence of iteration methods, and Sutskever, Martens, Dahl and Hinton (2013), On the importance of
initialization and momentum in deep learning, eq. 1 and 2; Nesterov's, there eq. 3 and 4, here in the variable that
stands at the point of look-ahead, where the gradient is taken.

The rate stands outside the velocity, as in PyTorch (dampening 0): when a schedule lowers it, the whole step shrinks at
once. In Sutskever's form, v_t = mu v_{t-1} - eta g_t, the old velocity keeps the old rate; at a constant rate the two
agree.

Epsilon: none.

Shapes: theta, g, v (P,).
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from handgrad.errors import UsageError, out_of_range
from handgrad.layers._types import Array
from handgrad.options import DECAY, settle
from handgrad.training.optimizers._base import Optimizer, State


def sgd_update(
    theta: Array, g: Array, state: State, t: int, lr: float, momentum: float, nesterov: bool
) -> tuple[Array, State]:
    """Step ``t`` from ``theta`` (P,) by its gradient ``g`` (P,); the state is (v,), without momentum ()."""
    if momentum == 0:
        # 1
        theta = theta - lr * g
        return theta, state
    (v,) = state
    # 1
    v = momentum * v + g
    if nesterov:
        # 2
        theta = theta - lr * (g + momentum * v)
    else:
        # 2
        theta = theta - lr * v
    return theta, (v,)


@dataclass(frozen=True)
class SGD(Optimizer):
    """Stochastic gradient descent with learning rate ``lr``, ``momentum`` in [0, 1), Nesterov's if asked for."""

    kind: ClassVar[str] = "sgd"

    lr: float = 0.01
    momentum: float = 0.0
    nesterov: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        settle(self, momentum=DECAY)
        if not isinstance(self.nesterov, bool | np.bool_):
            raise out_of_range("nesterov of SGD", repr(self.nesterov), "True or False")
        if self.nesterov and self.momentum == 0:
            raise UsageError("nesterov of SGD is True with momentum 0, expected a momentum above 0; 0.9 is usual")

    @property
    def slots(self) -> int:
        """1, the velocity; 0 without momentum."""
        return 1 if self.momentum else 0

    def hyper(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """lr, momentum, nesterov (0 or 1)."""
        return np.array([self.lr, self.momentum, self.nesterov], np.float64)

    def equation(self, theta: Array, g: Array, state: State, t: int, lr: float) -> tuple[Array, State]:
        """``sgd_update`` with this optimizer's numbers."""
        return sgd_update(theta, g, state, t, lr, self.momentum, bool(self.nesterov))
