"""What a step of an LSTM does to its cell c_t, as matrices: a row for each entry of c_t.

The report leaves these out. Over one step the derivatives of h_t are enough; over two they are not, because c_t is read
by the next step without passing h_t: its error is what c_{t-1}, h_{t-1} and the parameters of this step answer for.
By o_t the derivative is 0: c_t does not read it.

Cost: as for the state, without the output gate.

Source: the chain rule in the form of the report, part 1, question 1; the way along the cell is the constant error
carousel of Hochreiter and Schmidhuber (1997), Long short-term memory, section 3, with a forget gate on it.

Shapes, for each sample of a batch: as in ``state_jacobians.py``.
"""

from typing import NamedTuple

import numpy as np

from handgrad.layers._matrices import diag
from handgrad.layers._types import Array
from handgrad.layers.lstm import LstmCache, LstmParams


class CellJacobians(NamedTuple):
    """dc_dW and dc_db: those of i, f, g in turn. dc_dh_prev, dc_dc_prev: by the state and the cell before."""

    dc_df: Array
    dc_di: Array
    dc_dg: Array
    dc_dc_prev: Array
    dc_dh_prev: Array
    dc_dx: Array
    dc_dW: tuple[Array, Array, Array]
    dc_db: tuple[Array, Array, Array]


def lstm_cell_jacobians(params: LstmParams, cache: LstmCache, t: int) -> CellJacobians:
    """The Jacobians of c_t in step ``t`` of a forward pass without padding."""
    W, U, _ = params
    x, h, c, i, f, g, _, _ = cache
    W_ih, W_fh, W_gh, _ = np.split(W, 4)
    W_ix, W_fx, W_gx, _ = np.split(U, 4)
    # 6
    dc_df = diag(c[t - 1])
    # 6
    dc_di = diag(g[t])
    # 6
    dc_dg = diag(i[t])
    # 6
    dc_dc_prev = diag(f[t])
    # 6, 4, 3, 2, 1
    dc_dh_prev = (
        dc_df @ diag(f[t] * (1 - f[t])) @ W_fh
        + dc_di @ diag(i[t] * (1 - i[t])) @ W_ih
        + dc_dg @ diag(1 - g[t] ** 2) @ W_gh
    )
    # 6, 4, 3, 2, 1
    dc_dx = (
        dc_df @ diag(f[t] * (1 - f[t])) @ W_fx
        + dc_di @ diag(i[t] * (1 - i[t])) @ W_ix
        + dc_dg @ diag(1 - g[t] ** 2) @ W_gx
    )
    # 6, 3
    dc_db_f = dc_df @ diag(f[t] * (1 - f[t]))
    # 6, 2
    dc_db_i = dc_di @ diag(i[t] * (1 - i[t]))
    # 6, 4
    dc_db_g = dc_dg @ diag(1 - g[t] ** 2)
    # 1
    z = np.concatenate([h[t - 1], x[t]])
    # 6, 3, 1
    dc_dW_f = np.einsum("nji,ln->njil", dc_db_f, z)
    # 6, 2, 1
    dc_dW_i = np.einsum("nji,ln->njil", dc_db_i, z)
    # 6, 4, 1
    dc_dW_g = np.einsum("nji,ln->njil", dc_db_g, z)
    by_weights, by_biases = (dc_dW_i, dc_dW_f, dc_dW_g), (dc_db_i, dc_db_f, dc_db_g)
    return CellJacobians(dc_df, dc_di, dc_dg, dc_dc_prev, dc_dh_prev, dc_dx, by_weights, by_biases)
