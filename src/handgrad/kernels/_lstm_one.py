"""The LSTM for one sequence at a time, without BLAS, and for one step of a few. Equations: ``layers/lstm.py``."""

from handgrad.kernels._column_tiles import SIDE
from handgrad.kernels._jit import kernel, matrix, operation, pointer, vector
from handgrad.kernels._lstm_cell import add, cell, cell_backward, cell_part, copy, hand_on, take_over
from handgrad.kernels._rows import (
    AUX,
    CARRIED,
    CELLS,
    D_CELLS,
    GATES,
    GATHERED,
    HIDDEN,
    IN,
    LEARNING_RATE,
    LENGTHS,
    N_IN,
    N_OUT,
    NEEDS_DX,
    PARAM,
    PART,
    PARTS,
    STEPS,
    TRUNCATE,
)
from handgrad.kernels._several import affine_part, affine_rows
from handgrad.kernels._threads import share_of
from handgrad.kernels._tiles import shift
from handgrad.kernels.dense import add_combination, add_outer, add_samples, affine, clear, send_back


@operation
def lstm_forward_one(row, n, params, grads, acts, deltas, scalars):
    """a = b + W h_prev + U x, c = f c_prev + i g, h = o tanh(c), step after step, for one sequence after the other"""
    T, N, H = row[STEPS], row[N_IN], row[N_OUT]
    W, U = matrix(params, row[PARAM], 4 * H, H), matrix(params, row[PARAM] + 4 * H * H, 4 * H, N)
    b = vector(params, row[PARAM] + 4 * H * (H + N), 4 * H)
    lengths = vector(acts, row[LENGTHS], n)
    if not row[CARRIED]:
        clear(vector(acts, row[CELLS] - n * H, n * H))
    if n == 1:
        x, a_all = shift(acts, row[IN]), shift(acts, row[GATES])
        affine_rows(int(lengths[0]), 4 * H, N, pointer(U, 0), b, x, a_all, shift(acts, row[GATHERED]))
    for s in range(n):
        for t in range(T):
            here, before = (t * n + s) * H, ((t - 1) * n + s) * H
            h, h_prev = shift(acts, row[HIDDEN] + here), shift(acts, row[HIDDEN] + before)
            c, c_prev = shift(acts, row[CELLS] + here), shift(acts, row[CELLS] + before)
            if t >= lengths[s]:
                copy(h_prev, h, H)
                copy(c_prev, c, H)
                continue
            a = vector(acts, row[GATES] + 4 * here, 4 * H)
            if n > 1:
                affine(U, b, vector(acts, row[IN] + (t * n + s) * N, N), a)
            if t > 0 or row[CARRIED]:
                affine(W, a, vector(h_prev, 0, H), a)
            cell(H, shift(acts, row[GATES] + 4 * here), c_prev, c, h)
    hand_on(row, n, acts)


@kernel
def _through_time_one(row, params, acts, deltas):
    """da of every real step of one sequence, where its gates stood, and dx. Returns how many real steps there are."""
    T, N, H = row[STEPS], row[N_IN], row[N_OUT]
    W, U = shift(params, row[PARAM]), shift(params, row[PARAM] + 4 * H * H)
    length = int(vector(acts, row[LENGTHS], 1)[0])
    take_over(row, 1, deltas)
    d_cells, squashed = shift(acts, row[D_CELLS]), shift(acts, row[AUX])
    clear(vector(d_cells, 0, H))
    for t in range(T - 1, -1, -1):
        dh, dh_prev = shift(deltas, row[HIDDEN] + t * H), shift(deltas, row[HIDDEN] + (t - 1) * H)
        if t >= length:
            add(dh, dh_prev, H)
            continue
        gates = shift(acts, row[GATES] + t * 4 * H)
        c, c_prev = shift(acts, row[CELLS] + t * H), shift(acts, row[CELLS] + (t - 1) * H)
        cell_backward(H, gates, c_prev, c, dh, d_cells, squashed)
        if t > 0:
            if row[TRUNCATE] == 0 or t % row[TRUNCATE] != 0:
                add_combination(4 * H, H, W, gates, dh_prev)
            else:
                clear(vector(d_cells, 0, H))
    if row[NEEDS_DX]:
        send_back(4 * H, N, length, U, shift(acts, row[GATES]), shift(deltas, row[IN]))
        clear(vector(deltas, row[IN] + length * N, (T - length) * N))
    return length


@kernel
def _step_one(row, length, into, acts, scale):
    """W <- W + scale sum da h_prev^T, U <- U + scale sum da x^T, b <- b + scale sum da, for the block at ``into``."""
    N, H = row[N_IN], row[N_OUT]
    da = shift(acts, row[GATES])
    if row[CARRIED]:
        add_outer(4 * H, H, length, scale, into, da, shift(acts, row[HIDDEN] - H))
    else:  # the first state is zeros
        add_outer(4 * H, H, length - 1, scale, into, shift(da, 4 * H), shift(acts, row[HIDDEN]))
    add_outer(4 * H, N, length, scale, shift(into, 4 * H * H), da, shift(acts, row[IN]))
    add_samples(4 * H, length, scale, shift(into, 4 * H * (H + N)), da)


@operation
def lstm_backward_one(row, n, params, grads, acts, deltas, scalars):
    """da from dh and dc, dh_prev += W^T da, dc_prev = dc f; dW, dU, db, dx, for one sequence"""
    N, H = row[N_IN], row[N_OUT]
    length = _through_time_one(row, params, acts, deltas)
    into = vector(grads, row[PARAM], 4 * H * (H + N + 1))
    clear(into)
    _step_one(row, length, shift(grads, row[PARAM]), acts, into.dtype.type(1))


@operation
def lstm_backward_sgd(row, n, params, grads, acts, deltas, scalars):
    """The same for plain SGD: the step is taken at once, and no gradient of the weights is stored"""
    length = _through_time_one(row, params, acts, deltas)
    _step_one(row, length, shift(params, row[PARAM]), acts, -vector(scalars, LEARNING_RATE, 1)[0])


@operation
def lstm_forward_step(row, n, params, grads, acts, deltas, scalars):
    """One step of n sequences that go on from their states, and for this part of the units: W and U are read once for
    all sequences"""
    N, H = row[N_IN], row[N_OUT]
    W, U = shift(params, row[PARAM]), shift(params, row[PARAM] + 4 * H * H)
    b, none = vector(params, row[PARAM] + 4 * H * (H + N), 4 * H), vector(params, 0, 0)
    first, behind = share_of(H, SIDE, row[PART], row[PARTS])
    count, turned = behind - first, shift(acts, row[GATHERED] + row[PART] * SIDE * (N + H))
    gates, c, h = shift(acts, row[GATES]), shift(acts, row[CELLS]), shift(acts, row[HIDDEN])
    c_prev, h_prev = shift(acts, row[CELLS] - n * H), shift(acts, row[HIDDEN] - n * H)
    affine_part(n, first, count, 4, 4 * H, N, U, b, shift(acts, row[IN]), gates, turned)
    affine_part(n, first, count, 4, 4 * H, H, W, none, h_prev, gates, turned)
    for s in range(n):
        at = s * H + first
        cell_part(count, H, shift(gates, 4 * s * H + first), shift(c_prev, at), shift(c, at), shift(h, at))
