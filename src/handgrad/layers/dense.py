"""Dense (fully connected, affine) layer.

    a = W x + b

Source: Rumelhart, Hinton and Williams (1986), Learning representations by back-propagating errors, eq. 1; in matrix
form Goodfellow, Bengio and Courville (2016), Deep Learning, algorithms 6.3 and 6.4.

Shapes: W (M, N), b (M,), x (N, B), a (M, B).
"""

from typing import NamedTuple

from handgrad.layers._types import Array


class DenseParams(NamedTuple):
    """W (M, N): a row per output unit. b (M,)."""

    W: Array
    b: Array


class DenseCache(NamedTuple):
    """x (N, B): the input, which dW needs."""

    x: Array


def dense_forward(params: DenseParams, x: Array) -> tuple[Array, DenseCache]:
    """Affine map of every column of ``x`` (N, B); returns ``a`` (M, B) and the cache."""
    W, b = params
    # 1
    a = W @ x + b[:, None]
    return a, DenseCache(x)


def dense_backward(params: DenseParams, cache: DenseCache, da: Array) -> tuple[Array, DenseParams]:
    """From ``da`` (M, B) to ``dx`` (N, B) and the gradients ``dW`` (M, N), ``db`` (M,), summed over the batch."""
    W, _ = params
    (x,) = cache
    # 1: a = W @ x + b[:, None]
    dW = da @ x.T
    db = da.sum(axis=1)
    dx = W.T @ da
    return dx, DenseParams(dW, db)
