"""What a step of an LSTM does to its state h_t, as matrices: a row for each entry of h_t.

Every derivative is within the step: h_{t-1} and c_{t-1} are taken for independent, and a parameter counts where this
step reads it. Four ways lead from h_{t-1}, from x_t and from the parameters to h_t, through o_t, f_t, i_t and g_t.

Cost: time H^3 for each step and sample, products of matrices; memory H^3, a derivative of H states by H (H + N)
weights.

Source: a report on an LSTM that writes poems, part 1, question 1, with what it lacks: see docs/errata.md, 002.

Shapes, for each sample of a batch: dh_df (B, H, H), row j and column k the derivative of h_j by f_k; dh_dx (B, H, N);
dh_dW_f (B, H, H, H + N), at j, i, l the derivative of h_j by entry i, l of W_f, which multiplies z.
"""

from typing import NamedTuple

import numpy as np

from handgrad.layers._matrices import diag
from handgrad.layers._types import Array
from handgrad.layers.lstm import LstmCache, LstmParams


class StateJacobians(NamedTuple):
    """dh_dW and dh_db: those of i, f, g, o in turn. dh_dh_prev, dh_dc_prev: by the state and the cell before."""

    dh_do: Array
    dh_dc: Array
    dh_df: Array
    dh_di: Array
    dh_dg: Array
    dh_dc_prev: Array
    dh_dh_prev: Array
    dh_dx: Array
    dh_dW: tuple[Array, Array, Array, Array]
    dh_db: tuple[Array, Array, Array, Array]


def lstm_state_jacobians(params: LstmParams, cache: LstmCache, t: int) -> StateJacobians:
    """The Jacobians of h_t in step ``t`` of a forward pass without padding."""
    W, U, _ = params
    x, h, c, i, f, g, o, _ = cache
    W_ih, W_fh, W_gh, W_oh = np.split(W, 4)
    W_ix, W_fx, W_gx, W_ox = np.split(U, 4)
    # 7: the scan has c for o on the left (002-1)
    dh_do = diag(np.tanh(c[t]))
    # 7: the scan has o for h on the left, and lost the minus (002-2)
    dh_dc = diag(o[t] * (1 - np.tanh(c[t]) ** 2))
    # 7, 6: the scan has c for f on the left (002-3)
    dh_df = dh_dc @ diag(c[t - 1])
    # 7, 6: the scan has f for i on the left, and lost the tilde (002-4)
    dh_di = dh_dc @ diag(g[t])
    # 7, 6: the scan has f for the candidate on the left (002-5)
    dh_dg = dh_dc @ diag(i[t])
    # 7, 6: published with the input gate for the forget gate (002-6)
    dh_dc_prev = dh_dc @ diag(f[t])
    # 7, 6, 5, 4, 3, 2, 1: the path through the candidate is missing as published, the one through o in the scan (002-7)
    dh_dh_prev = (
        dh_do @ diag(o[t] * (1 - o[t])) @ W_oh
        + dh_df @ diag(f[t] * (1 - f[t])) @ W_fh
        + dh_di @ diag(i[t] * (1 - i[t])) @ W_ih
        + dh_dg @ diag(1 - g[t] ** 2) @ W_gh
    )
    # 7, 6, 5, 4, 3, 2, 1: the path through the candidate is missing as published (002-8)
    dh_dx = (
        dh_do @ diag(o[t] * (1 - o[t])) @ W_ox
        + dh_df @ diag(f[t] * (1 - f[t])) @ W_fx
        + dh_di @ diag(i[t] * (1 - i[t])) @ W_ix
        + dh_dg @ diag(1 - g[t] ** 2) @ W_gx
    )
    # 7, 6, 3: right as published, but for a tilde over f (002-11)
    dh_db_f = dh_df @ diag(f[t] * (1 - f[t]))
    # 7, 6, 2: the scan has the candidate for i (002-10)
    dh_db_i = dh_di @ diag(i[t] * (1 - i[t]))
    # 7, 6, 4: right as published (002-11)
    dh_db_g = dh_dg @ diag(1 - g[t] ** 2)
    # 7, 5: right as published (002-11)
    dh_db_o = dh_do @ diag(o[t] * (1 - o[t]))
    # 1
    z = np.concatenate([h[t - 1], x[t]])
    # 7, 6, 3, 1: published as a product with diag(z), whose size does not fit; so for all four (002-9)
    dh_dW_f = np.einsum("nji,ln->njil", dh_db_f, z)
    # 7, 6, 2, 1
    dh_dW_i = np.einsum("nji,ln->njil", dh_db_i, z)
    # 7, 6, 4, 1
    dh_dW_g = np.einsum("nji,ln->njil", dh_db_g, z)
    # 7, 5, 1
    dh_dW_o = np.einsum("nji,ln->njil", dh_db_o, z)
    by_weights, by_biases = (dh_dW_i, dh_dW_f, dh_dW_g, dh_dW_o), (dh_db_i, dh_db_f, dh_db_g, dh_db_o)
    return StateJacobians(dh_do, dh_dc, dh_df, dh_di, dh_dg, dh_dc_prev, dh_dh_prev, dh_dx, by_weights, by_biases)
