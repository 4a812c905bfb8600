"""Long short-term memory: a recurrent layer whose cell keeps what three gates let in, let stay and let out.

    i_t = sigmoid(W_i h_{t-1} + U_i x_t + b_i),  f_t, o_t likewise,    g_t = tanh(W_g h_{t-1} + U_g x_t + b_g)
    c_t = f_t c_{t-1} + i_t g_t,                 h_t = o_t tanh(c_t)

W, U and b hold the rows of the input gate i, the forget gate f, the candidate g and the output gate o, in this order,
one block under the other: one product gives a_t, the pre-activations of all four.

Backpropagation through time runs along two ways. c_t is read by h_t and by c_{t+1}, h_t by whatever stands behind the
layer and by the four gates of the next step:

    dc_t = dh_t o_t (1 - tanh(c_t)^2) + dc_{t+1} f_{t+1},        dh_t = dy_t + W^T da_{t+1}

where dy_t is what the layers behind say of h_t: ``dh`` when the function is called. The way along the cell has the
forget gate as its only factor; that is what the layer was made for.

Sequences of different length: ``lengths`` says how many steps of each sequence are real. A sequence that is over keeps
its state, so ``h[-1]`` and ``c[-1]`` are the last of each; there i = 0 and f = 1, and their slopes i (1 - i) and
f (1 - f) are 0. What stands in the padding, NaN included, is never used.

Truncated BPTT(k): no gradient flows from a step t = k, 2k, ... to the one before it. The states are still carried over.

Source: Hochreiter and Schmidhuber (1997), Long short-term memory; with the forget gate of Gers, Schmidhuber and Cummins
(2000), Learning to forget; without peepholes. Gates in the order of PyTorch.

Shapes: W (4H, H), U (4H, N), b (4H,), x (T, N, B), h0 (H, B), c0 (H, B), h, c (T, H, B), lengths (B,) from 1 to T.
"""

from typing import Any, NamedTuple

import numpy as np

from handgrad.layers._activations import sigmoid
from handgrad.layers._types import Array
from handgrad.layers.rnn import Lengths


class LstmParams(NamedTuple):
    """W (4H, H): from the state to the gates. U (4H, N): from the input. b (4H,). Rows: i, f, g, o."""

    W: Array
    U: Array
    b: Array


class LstmCache(NamedTuple):
    """x (T, N, B): the input, zeros in the padding. h, c (T + 1, H, B): the states and the cells; the last entry,
    ``h[-1]``, is h0, so that ``h[t - 1]`` is the state before step t for t = 0 too. i, f, g, o (T, H, B): the gates and
    the candidate. real (T, 1, B): where a step is no padding, which is everywhere unless lengths are given."""

    x: Array
    h: Array
    c: Array
    i: Array
    f: Array
    g: Array
    o: Array
    real: np.ndarray[Any, np.dtype[np.bool_]]


def lstm_forward(
    params: LstmParams, x: Array, h0: Array, c0: Array, lengths: Lengths | None = None
) -> tuple[tuple[Array, Array], LstmCache]:
    """All states ``h`` and cells ``c``, both (T, H, B), from ``x`` (T, N, B) and those before the first step, ``h0``
    and ``c0`` (H, B)."""
    W, U, b = params
    T, _, B = x.shape
    ends = np.full(B, T) if lengths is None else lengths
    real = np.arange(T)[:, None, None] < ends
    x = np.where(real, x, 0)
    h, c = (np.empty((T + 1, *first.shape), first.dtype) for first in (h0, c0))
    h[-1], c[-1] = h0, c0
    i, f, g, o = (np.empty_like(h[:T]) for _ in "ifgo")
    for t in range(T):
        # 1
        a = W @ h[t - 1] + U @ x[t] + b[:, None]
        a_i, a_f, a_g, a_o = np.split(a, 4)
        # 2
        i[t] = np.where(real[t], sigmoid(a_i), 0)
        # 3
        f[t] = np.where(real[t], sigmoid(a_f), 1)
        # 4
        g[t] = np.tanh(a_g)
        # 5
        o[t] = sigmoid(a_o)
        # 6
        c[t] = f[t] * c[t - 1] + i[t] * g[t]
        # 7
        h[t] = np.where(real[t], o[t] * np.tanh(c[t]), h[t - 1])
    return (h[:T], c[:T]), LstmCache(x, h, c, i, f, g, o, real)


def lstm_backward(
    params: LstmParams, cache: LstmCache, dh: Array, dc: Array | None = None, truncate: int | None = None
) -> tuple[Array, Array, Array, LstmParams]:
    """From ``dh`` (T, H, B), and ``dc`` (H, B) of the last cell, to ``dx`` (T, N, B), ``dh0``, ``dc0`` (H, B) and the
    gradients ``dW``, ``dU``, ``db``, summed over the steps and the batch. Without ``dc`` nothing behind the layer reads
    the last cell. ``truncate``: k of truncated BPTT(k), else the gradient is exact."""
    W, U, b = params
    x, h, c, i, f, g, o, real = cache
    dW, dU, db, dx = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b), np.zeros_like(x)
    dh = np.concatenate([dh, np.zeros_like(h[-1:])])  # dh[-1] is that of h0
    last, dc = dc, np.zeros_like(c)  # dc[-1] is that of c0
    if last is not None:
        dc[len(x) - 1] = last
    joined = [t == 0 or truncate is None or t % truncate != 0 for t in range(len(x))]  # to the step before
    for t in reversed(range(len(x))):
        # 7: h[t] = np.where(real[t], o[t] * np.tanh(c[t]), h[t - 1])
        do = np.where(real[t], dh[t] * np.tanh(c[t]), 0)
        dc[t] += np.where(real[t], dh[t] * o[t] * (1 - np.tanh(c[t]) ** 2), 0)
        dh[t - 1] += np.where(real[t], 0, dh[t])
        # 6: c[t] = f[t] * c[t - 1] + i[t] * g[t]
        df = dc[t] * c[t - 1]
        di = dc[t] * g[t]
        dg = dc[t] * i[t]
        if joined[t]:
            dc[t - 1] += dc[t] * f[t]
        # 5: o[t] = sigmoid(a_o)
        da_o = do * o[t] * (1 - o[t])
        # 4: g[t] = np.tanh(a_g)
        da_g = dg * (1 - g[t] ** 2)
        # 3: f[t] = np.where(real[t], sigmoid(a_f), 1)
        da_f = df * f[t] * (1 - f[t])
        # 2: i[t] = np.where(real[t], sigmoid(a_i), 0)
        da_i = di * i[t] * (1 - i[t])
        # 1: a = W @ h[t - 1] + U @ x[t] + b[:, None]
        da = np.concatenate([da_i, da_f, da_g, da_o])
        dW += da @ h[t - 1].T
        dU += da @ x[t].T
        db += da.sum(axis=1)
        dx[t] = U.T @ da
        if joined[t]:
            dh[t - 1] += W.T @ da
    return dx, dh[-1], dc[-1], LstmParams(dW, dU, db)
