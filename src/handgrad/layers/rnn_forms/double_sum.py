"""Backpropagation through time as a double sum: the loss of every step t, sent back to every step k <= t by itself.

    delta_{t,t} = f'(a_t) dy_t,        delta_{t,k} = f'(a_k) W^T delta_{t,k+1}  for k < t,
    dW = sum_t sum_{k<=t} delta_{t,k} h_{k-1}^T

delta_{t,k} is the derivative of the loss of step t by a_k. The recursion of ``layers/rnn.py`` adds the losses up on the
way back, da_k = sum_{t>=k} delta_{t,k}, and so needs one walk back instead of T.

Cost: time T^2 H^2, a walk back for the loss of each step; memory T H, the states of all steps.

Source: a report's section on vanilla RNNs (there U is our W, W our U); Pascanu, Mikolov and Bengio (2013), On the
difficulty of training recurrent neural networks, eq. 3-5.
"""

import numpy as np

from handgrad.layers._activations import activation_backward
from handgrad.layers._types import Array
from handgrad.layers.rnn import RnnCache, RnnParams


def rnn_double_sum_backward(params: RnnParams, cache: RnnCache, dy: Array) -> tuple[Array, Array, RnnParams]:
    """From ``dy`` (T, H, B) to ``dx`` (T, D, B), ``dh0`` (H, B) and the gradients ``dW``, ``dU``, ``db``."""
    W, U, b = params
    x, h, _, f = cache
    dW, dU, db = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b)
    dx, dh0 = np.zeros_like(x), np.zeros_like(h[0])
    for t in range(len(x)):
        dh = dy[t]
        for k in reversed(range(t + 1)):
            # 2
            delta = activation_backward(f, h[k], dh)
            # 1
            dW += delta @ h[k - 1].T
            dU += delta @ x[k].T
            db += delta.sum(axis=1)
            dx[k] += U.T @ delta
            dh = W.T @ delta
        dh0 += dh
    return dx, dh0, RnnParams(dW, dU, db)
