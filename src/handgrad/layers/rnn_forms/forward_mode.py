"""Forward mode (real-time recurrent learning): the gradient is ready with each step, and no past is stored.

With P the parameters and the state before the first step, carry along how the state depends on them:

    dh_t/dP = f'(a_t) (W dh_{t-1}/dP + da_t/dP at fixed h_{t-1}),        dL/dP = sum_t dy_t^T dh_t/dP

What the last term is: for W_ij, h_{t-1,j} in row i; for U_ij, x_{t,j} in row i; for b_i, 1 in row i; for h0, nothing.
The price is a matrix with H columns for every parameter.

Source: Williams and Zipser (1989), A learning algorithm for continually running fully recurrent neural networks,
eq. 8-12.
"""

from typing import NamedTuple

import numpy as np

from handgrad.layers._activations import activation, activation_backward
from handgrad.layers._types import Array
from handgrad.layers.rnn import RnnParams


class Influence(NamedTuple):
    """How the state depends on W (B, H, H H), U (B, H, H D), b and the state before the first step (B, H, H)."""

    W: Array
    U: Array
    b: Array
    h0: Array


def direct_influence(v: Array, H: int) -> Array:
    """The derivative of A v by A (H, N), (B, H, H N), for ``v`` (N, B): v_j in row i, at entry (i, j)."""
    N, B = v.shape
    return np.einsum("ik,jb->bikj", np.eye(H, dtype=v.dtype), v).reshape(B, H, H * N)


def rnn_forward_mode(
    params: RnnParams, x: Array, h0: Array, dy: Array, f: str = "tanh"
) -> tuple[Array, Array, RnnParams]:
    """The last state (H, B), ``dh0`` (H, B) and the gradients ``dW``, ``dU``, ``db``.

    From ``x`` (T, D, B), ``h0`` (H, B) and ``dy`` (T, H, B). Step t reads ``x[t]`` and ``dy[t]`` alone; there is no
    ``dx``, which would be of the past.
    """
    W, U, b = params
    (H, B), D = h0.shape, x.shape[1]
    dW, dU, db, dh0 = np.zeros(H * H), np.zeros(H * D), np.zeros(H), np.zeros((H, B))
    eye = np.broadcast_to(np.eye(H), (B, H, H))
    influence = Influence(np.zeros((B, H, H * H)), np.zeros((B, H, H * D)), np.zeros((B, H, H)), eye)
    h = h0
    for t in range(len(x)):
        direct = Influence(direct_influence(h, H), direct_influence(x[t], H), eye, np.zeros((B, H, H)))
        # 1
        a = W @ h + U @ x[t] + b[:, None]
        # 2
        h = activation(f, a)
        slope = activation_backward(f, h, np.ones_like(h)).T[:, :, None]
        influence = Influence(*(slope * (W @ old + new) for old, new in zip(influence, direct, strict=True)))
        dW += np.einsum("ib,bip->p", dy[t], influence.W)
        dU += np.einsum("ib,bip->p", dy[t], influence.U)
        db += np.einsum("ib,bip->p", dy[t], influence.b)
        dh0 += np.einsum("ib,bip->pb", dy[t], influence.h0)
    return h, dh0, RnnParams(dW.reshape(H, H), dU.reshape(H, D), db)
