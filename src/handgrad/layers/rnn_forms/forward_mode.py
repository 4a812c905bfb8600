"""Forward mode (real-time recurrent learning): the gradient is ready with each step, and no past is stored.

With P the parameters and the state before the first step, carry along how the state depends on them:

    da_t/dP = W dh_{t-1}/dP + da_t/dP at fixed h_{t-1},        dh_t/dP = f'(a_t) da_t/dP,
    dL/dP = sum_t dy_t^T dh_t/dP

What the term at fixed h_{t-1} is: for W_ij, h_{t-1,j} in row i; for U_ij, x_{t,j} in row i; for b_i, 1 in row i; for
h0, nothing. The price is a state, with its derivatives, for every parameter.

Cost: time T H^4, each step multiplies W with a state for every parameter; memory H^3, none of it grows with T.

Source: Williams and Zipser (1989), A learning algorithm for continually running fully recurrent neural networks,
eq. 8-12.
"""

import numpy as np

from handgrad.layers._activations import activation, activation_backward
from handgrad.layers._types import Array
from handgrad.layers.rnn import RnnParams


def rnn_forward_mode(
    params: RnnParams, x: Array, h0: Array, dy: Array, f: str = "tanh"
) -> tuple[Array, Array, RnnParams]:
    """The last state (H, B), ``dh0`` (H, B) and the gradients ``dW``, ``dU``, ``db``.

    From ``x`` (T, D, B), ``h0`` (H, B) and ``dy`` (T, H, B). Step t reads ``x[t]`` and ``dy[t]`` alone; there is no
    ``dx``, which would be of the past. ``dh_dW`` (H, H, H, B) holds, at i, j, the derivative of the state by W_ij, and
    so ``dh_dU`` (H, D, H, B), ``dh_db`` and ``dh_dh0`` (H, H, B).
    """
    W, U, b = params
    (H, B), D = h0.shape, x.shape[1]
    dW, dU, db, dh0 = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b), np.zeros_like(h0)
    eye = np.eye(H)
    dh_dW, dh_dU, dh_db = np.zeros((H, H, H, B)), np.zeros((H, D, H, B)), np.zeros((H, H, B))
    dh_dh0: Array = np.repeat(eye[:, :, None], B, axis=2)
    h: Array = h0
    for t in range(len(x)):
        # 1
        a = W @ h + U @ x[t] + b[:, None]
        da_dW = W @ dh_dW + eye[:, None, :, None] * h[:, None, :]
        da_dU = W @ dh_dU + eye[:, None, :, None] * x[t][:, None, :]
        da_db = W @ dh_db + eye[:, :, None]
        da_dh0 = W @ dh_dh0
        # 2
        h = activation(f, a)
        dh_dW = activation_backward(f, h, da_dW)
        dh_dU = activation_backward(f, h, da_dU)
        dh_db = activation_backward(f, h, da_db)
        dh_dh0 = activation_backward(f, h, da_dh0)
        # 1, 2
        dW += (dy[t] * dh_dW).sum(axis=(-2, -1))
        dU += (dy[t] * dh_dU).sum(axis=(-2, -1))
        db += (dy[t] * dh_db).sum(axis=(-2, -1))
        dh0 += (dy[t] * dh_dh0).sum(axis=-2)
    return h, dh0, RnnParams(dW, dU, db)
