"""Recurrent layer (Elman's): the state of a step is a function of the input and of the state before it.

    a_t = b + W h_{t-1} + U x_t,        h_t = f(a_t),        f: tanh, relu, sigmoid or identity

Backpropagation through time: h_t is read by whatever stands behind the layer (dy_t) and by the next step, and both
gradients add up,

    dh_t = dy_t + W^T da_{t+1},        da_t = f'(a_t) dh_t,        dW = sum_t da_t h_{t-1}^T,  dU = sum_t da_t x_t^T

Cost: time T H^2, one walk back for the losses of all steps; memory T H, the states of all steps.

Source: Elman (1990), Finding structure in time; the gradient, Werbos (1990), Backpropagation through time: what it
does and how to do it, in the form of Goodfellow, Bengio and Courville (2016), Deep Learning, eq. 10.8-10.28.

Sequences of different length: ``lengths`` says how many steps of each sequence are real. A sequence that is over keeps
its state, so ``y[-1]`` is the last state of each; what stands in the padding, NaN included, is never used.

Truncated BPTT(k): no gradient flows from a step t = k, 2k, ... to the one before it. The states are still carried over.

Shapes: W (H, H), U (H, D), b (H,), x (T, D, B), h0 (H, B), y (T, H, B), lengths (B,) from 1 to T.
"""

from typing import Any, NamedTuple

import numpy as np

from handgrad.layers._activations import activation, activation_backward
from handgrad.layers._types import Array

Lengths = np.ndarray[Any, np.dtype[np.integer[Any]]]


class RnnParams(NamedTuple):
    """W (H, H): from state to state. U (H, D): from the input. b (H,)."""

    W: Array
    U: Array
    b: Array


class RnnCache(NamedTuple):
    """x (T, D, B): the input, zeros in the padding. h (T + 1, H, B): the states; the last entry, ``h[-1]``, is h0, so
    that ``h[t - 1]`` is the state before step t for t = 0 too. real (T, 1, B): where a step is no padding, which is
    everywhere unless lengths are given. f: the activation's name."""

    x: Array
    h: Array
    real: np.ndarray[Any, np.dtype[np.bool_]]
    f: str


def rnn_forward(
    params: RnnParams, x: Array, h0: Array, f: str = "tanh", lengths: Lengths | None = None
) -> tuple[Array, RnnCache]:
    """All states ``y`` (T, H, B) from ``x`` (T, D, B) and the state before the first step, ``h0`` (H, B)."""
    W, U, b = params
    T, _, B = x.shape
    ends = np.full(B, T) if lengths is None else lengths
    real = np.arange(T)[:, None, None] < ends
    x = np.where(real, x, 0)
    h = np.empty((T + 1, *h0.shape), h0.dtype)
    h[-1] = h0
    for t in range(T):
        # 1
        a = W @ h[t - 1] + U @ x[t] + b[:, None]
        # 2
        h[t] = np.where(real[t], activation(f, a), h[t - 1])
    return h[:T], RnnCache(x, h, real, f)


def rnn_backward(
    params: RnnParams, cache: RnnCache, dy: Array, truncate: int | None = None
) -> tuple[Array, Array, RnnParams]:
    """From ``dy`` (T, H, B) to ``dx`` (T, D, B), ``dh0`` (H, B) and the gradients ``dW``, ``dU``, ``db``, summed over
    the steps and the batch. ``truncate``: k of truncated BPTT(k), else the gradient is exact."""
    W, U, b = params
    x, h, real, f = cache
    dW, dU, db, dx = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b), np.zeros_like(x)
    dh = np.concatenate([dy, np.zeros_like(h[-1:])])  # dh[-1] is that of h0
    for t in reversed(range(len(x))):
        # 2: h[t] = np.where(real[t], activation(f, a), h[t - 1])
        da = np.where(real[t], activation_backward(f, h[t], dh[t]), 0)
        dh[t - 1] += np.where(real[t], 0, dh[t])
        # 1: a = W @ h[t - 1] + U @ x[t] + b[:, None]
        dW += da @ h[t - 1].T
        dU += da @ x[t].T
        db += da.sum(axis=1)
        dx[t] = U.T @ da
        if t == 0 or truncate is None or t % truncate != 0:
            dh[t - 1] += W.T @ da
    return dx, dh[-1], RnnParams(dW, dU, db)
