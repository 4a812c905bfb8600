"""L2 weight decay as a term of the loss, for one weight matrix (biases are not decayed).

    R = lambda / 2 tr(W^T W),        dR/dW = lambda W

so a gradient step is W <- W - eta (dL/dW + lambda W): both terms are subtracted.

Source: Krogh and Hertz (1991), A simple weight decay can improve generalization, eq. 3.

Shapes: W (M, N); lam, R numbers.
"""

from typing import NamedTuple

from handgrad.layers._types import Array


class WeightDecayCache(NamedTuple):
    """W (M, N): the weights."""

    W: Array


def weight_decay_forward(W: Array, lam: float) -> tuple[float, WeightDecayCache]:
    """The penalty of ``W`` (M, N) at strength ``lam``."""
    # 1
    R = lam / 2 * (W**2).sum()
    return R, WeightDecayCache(W)


def weight_decay_backward(cache: WeightDecayCache, dR: float, lam: float) -> Array:
    """From ``dR`` (a number, 1 in a loss) to ``dW`` (M, N)."""
    (W,) = cache
    # 1: R = lam / 2 * (W**2).sum()
    dW = lam * W * dR
    return dW
