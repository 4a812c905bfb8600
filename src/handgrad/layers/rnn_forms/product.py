"""Backpropagation through time with the products of Jacobian matrices written out.

    dh_t / dh_k = prod_{p=k+1..t} diag f'(a_p) W        (the latest step on the left; 1 for k = t)
    dW = sum_t sum_{k<=t} f'(a_k) (dh_t / dh_k)^T dy_t  h_{k-1}^T

How a loss at step t feels the state of step k is there as a matrix, which shows what vanishes or explodes: with one
ReLU neuron it is w_rec^(t-k), or 0. The double sum has the same terms, but multiplies a vector by each factor in turn.

Cost: time T^2 H^3, a product of matrices for each pair of steps; memory T H, the states of all steps.

Source: the report on one ReLU neuron that counts ones (2018), for one neuron; in matrices, Pascanu, Mikolov and Bengio
(2013), On the difficulty of training recurrent neural networks, eq. 5.
"""

import numpy as np

from handgrad.layers._activations import activation_backward
from handgrad.layers._types import Array
from handgrad.layers.rnn import RnnCache, RnnParams


def step_jacobian(W: Array, h: Array, f: str) -> Array:
    """dh_t / dh_{t-1} = diag f'(a_t) W of every sample, (B, H, H), from the state ``h`` = h_t (H, B)."""
    slope = activation_backward(f, h, np.ones_like(h))
    return slope.T[:, :, None] * W


def rnn_product_backward(params: RnnParams, cache: RnnCache, dy: Array) -> tuple[Array, Array, RnnParams]:
    """From ``dy`` (T, H, B) to ``dx`` (T, D, B), ``dh0`` (H, B) and the gradients ``dW``, ``dU``, ``db``.

    ``dh_dh`` (B, H, H) is dh_t / dh_k of every sample.
    """
    W, U, b = params
    x, h, _, f = cache
    dW, dU, db = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b)
    dx, dh0 = np.zeros_like(x), np.zeros_like(h[0])
    eye = np.broadcast_to(np.eye(len(W), dtype=W.dtype), (x.shape[2], *W.shape))
    for t in range(len(x)):
        dh_dh = eye
        for k in reversed(range(t + 1)):
            # 2
            dh = np.einsum("nij,in->jn", dh_dh, dy[t])
            delta = activation_backward(f, h[k], dh)
            # 1
            dW += delta @ h[k - 1].T
            dU += delta @ x[k].T
            db += delta.sum(axis=1)
            dx[k] += U.T @ delta
            # 2, 1
            dh_dh = dh_dh @ step_jacobian(W, h[k], f)
        dh0 += np.einsum("nij,in->jn", dh_dh, dy[t])
    return dx, dh0, RnnParams(dW, dU, db)
