"""Backpropagation through time with the Jacobians of a step: the report's second question, put right.

    delta_{t-1} = dy_{t-1} + (dh_t/dh_{t-1})^T delta_t + (dc_t/dh_{t-1})^T kappa_t
    kappa_{t-1} =            (dh_t/dc_{t-1})^T delta_t + (dc_t/dc_{t-1})^T kappa_t
    dL/dp = sum_t (dh_t/dp)^T delta_t + (dc_t/dp)^T kappa_t      for every parameter p

delta_t is the derivative of the loss by h_t, dy_t what stands behind the layer says of it; kappa_t is the derivative by
c_t along the ways that do not pass h_t. The report has the first product of the first line alone (002-12, 002-13).

Cost: time T H^3, products of matrices and of vectors with H^3 entries; memory H^3 beside the states.

Source: the report on an LSTM that writes poems, part 1, question 2, and what errata 002-12 and 002-13 add.
"""

import numpy as np

from handgrad.layers._types import Array
from handgrad.layers.lstm import LstmCache, LstmParams
from handgrad.layers.lstm_forms.cell_jacobians import lstm_cell_jacobians
from handgrad.layers.lstm_forms.state_jacobians import lstm_state_jacobians


def lstm_chained_backward(
    params: LstmParams, cache: LstmCache, dh: Array, dc: Array | None = None
) -> tuple[Array, Array, Array, LstmParams]:
    """The same as ``lstm_backward``, of whole sequences: ``dx``, ``dh0``, ``dc0`` and the parameters' gradients."""
    H = len(cache.h[0])
    dWU, db, dx = np.zeros((4, H, len(params.U[0]) + H)), np.zeros((4, H)), np.zeros_like(cache.x)
    delta, kappa = dh[-1], np.zeros_like(dh[-1]) if dc is None else dc
    for t in reversed(range(len(cache.x))):
        of_h, of_c = lstm_state_jacobians(params, cache, t), lstm_cell_jacobians(params, cache, t)
        for gate in range(4):
            dWU[gate] += np.einsum("njil,jn->il", of_h.dh_dW[gate], delta)
            db[gate] += np.einsum("nji,jn->i", of_h.dh_db[gate], delta)
        for gate in range(3):  # c_t does not read the output gate
            dWU[gate] += np.einsum("njil,jn->il", of_c.dc_dW[gate], kappa)
            db[gate] += np.einsum("nji,jn->i", of_c.dc_db[gate], kappa)
        dx[t] = pulled(of_h.dh_dx, delta) + pulled(of_c.dc_dx, kappa)
        before = pulled(of_h.dh_dh_prev, delta) + pulled(of_c.dc_dh_prev, kappa)
        kappa = pulled(of_h.dh_dc_prev, delta) + pulled(of_c.dc_dc_prev, kappa)
        delta = before if t == 0 else dh[t - 1] + before
    dW, dU = dWU[..., :H].reshape(4 * H, H), dWU[..., H:].reshape(4 * H, -1)
    return dx, delta, kappa, LstmParams(dW, dU, db.reshape(-1))


def pulled(jacobian: Array, cotangent: Array) -> Array:
    """J^T v for each sample: ``jacobian`` (B, M, N), ``cotangent`` (M, B), the result (N, B)."""
    product: Array = np.einsum("nij,in->jn", jacobian, cotangent)
    return product
