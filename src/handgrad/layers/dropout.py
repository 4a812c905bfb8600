"""Dropout, inverted: a share of the numbers becomes 0, and the others grow so that the mean stays.

    y = m x / (1 - rate),        dx = m dy / (1 - rate),        m = 1 with probability 1 - rate, else 0

The mask m is an input, drawn outside: the backward pass must meet the numbers that forward kept. When a network is used
and not trained, dropout is left out; nothing has to be scaled then, which is what "inverted" says.

Source: Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov (2014), Dropout, section 4, scaled in training;
between the layers of a recurrent network, Zaremba, Sutskever and Vinyals (2014), Recurrent neural network
regularization.

Shapes: x, keep, y (M, B); or any other, the same for all three. rate is a number, 0 or more and below 1.
"""

from typing import NamedTuple

from handgrad.layers._types import Array


class DropoutCache(NamedTuple):
    """keep (M, B): 1 where a number was kept, else 0."""

    keep: Array


def dropout_forward(x: Array, keep: Array, rate: float) -> tuple[Array, DropoutCache]:
    """``x`` (M, B) where ``keep`` (M, B) is 1, divided by 1 - ``rate``; 0 elsewhere."""
    # 1
    y = keep * x / (1 - rate)
    return y, DropoutCache(keep)


def dropout_backward(cache: DropoutCache, dy: Array, rate: float) -> Array:
    """From ``dy`` to ``dx``, both (M, B)."""
    (keep,) = cache
    # 1: y = keep * x / (1 - rate)
    dx = keep * dy / (1 - rate)
    return dx
