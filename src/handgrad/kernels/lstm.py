"""LSTM layer. Equations: ``layers/lstm.py``.

Sequences lie step after step, (T, n, features), the longest first, so that those still running at a step are the first
of its block, and only they are computed. The gates and the cells have places for real steps alone.

Two forms. For batches the products are BLAS calls over the running rows, step by step, and the gradients of the weights
over CHUNK real steps at a time, whatever steps they belong to. One sequence at a time (``_one``), without BLAS; the
plain SGD step is taken after all steps have sent their gradients back (``_lstm_one.py``).
"""

from handgrad.kernels._blas import columns_by_columns, rows_by_columns, rows_by_rows
from handgrad.kernels._jit import kernel, operation, pointer, vector
from handgrad.kernels._lstm_cell import add, cell, cell_backward, copy, hand_on, running_at, take_over
from handgrad.kernels._lstm_one import (  # noqa: F401
    lstm_backward_one,
    lstm_backward_sgd,
    lstm_forward_one,
    lstm_forward_step,
)
from handgrad.kernels._rows import (
    AUX,
    CARRIED,
    CELLS,
    CHUNK,
    D_CELLS,
    GATES,
    GATHERED,
    HIDDEN,
    IN,
    LENGTHS,
    N_IN,
    N_OUT,
    NEEDS_DX,
    PARAM,
    STEPS,
    TRUNCATE,
)
from handgrad.kernels._tiles import shift
from handgrad.kernels.dense import add_samples, clear


@operation
def lstm_forward(row, n, params, grads, acts, deltas, scalars):
    """a = b + W h_prev + U x, c = f c_prev + i g, h = o tanh(c), step after step, for n sequences at once"""
    T, N, H = row[STEPS], row[N_IN], row[N_OUT]
    W, U = shift(params, row[PARAM]), shift(params, row[PARAM] + 4 * H * H)
    b = shift(U, 4 * H * N)
    lengths = vector(acts, row[LENGTHS], n)
    gates, cells, before = shift(acts, row[GATES]), shift(acts, row[CELLS]), shift(acts, row[CELLS] - n * H)
    if not row[CARRIED]:
        clear(vector(before, 0, n * H))
    for t in range(T):
        running = running_at(lengths, t)
        h = shift(acts, row[HIDDEN] + t * n * H)
        h_prev = shift(acts, row[HIDDEN] + (t - 1) * n * H)
        for s in range(running):
            copy(b, shift(gates, s * 4 * H), 4 * H)
        rows_by_rows(running, 4 * H, N, shift(acts, row[IN] + t * n * N), U, 1, gates)
        if t > 0 or row[CARRIED]:
            rows_by_rows(running, 4 * H, H, h_prev, W, 1, gates)
        for s in range(running):
            cell(H, shift(gates, s * 4 * H), shift(before, s * H), shift(cells, s * H), shift(h, s * H))
        copy(shift(h_prev, running * H), shift(h, running * H), (n - running) * H)  # the others keep their state
        before = cells
        gates, cells = shift(gates, running * 4 * H), shift(cells, running * H)
    hand_on(row, n, acts)


@operation
def lstm_backward(row, n, params, grads, acts, deltas, scalars):
    """da from dh and dc, dh_prev += W^T da, dc_prev = dc f, from the last step to the first; dW, dU, db, dx"""
    real = _through_time(row, n, params, acts, deltas)
    _sum_up(row, n, real, grads, acts)


@kernel
def _through_time(row, n, params, acts, deltas):
    """da of every step, where the gates stood, and dx. Returns how many real steps there are."""
    T, N, H = row[STEPS], row[N_IN], row[N_OUT]
    W, U = shift(params, row[PARAM]), shift(params, row[PARAM] + 4 * H * H)
    lengths = vector(acts, row[LENGTHS], n)
    real = 0
    for s in range(n):
        real += int(lengths[s])
    take_over(row, n, deltas)
    d_cells, squashed = shift(acts, row[D_CELLS]), shift(acts, row[AUX])
    clear(vector(d_cells, 0, n * H))
    first = real  # the place of the step's first row among all real ones
    for t in range(T - 1, -1, -1):
        running = running_at(lengths, t)
        first -= running
        before = first - running_at(lengths, t - 1) if t > 0 else -n
        gates = shift(acts, row[GATES] + first * 4 * H)
        dh, dh_prev = shift(deltas, row[HIDDEN] + t * n * H), shift(deltas, row[HIDDEN] + (t - 1) * n * H)
        for s in range(running):
            c, c_prev = shift(acts, row[CELLS] + (first + s) * H), shift(acts, row[CELLS] + (before + s) * H)
            cell_backward(H, shift(gates, s * 4 * H), c_prev, c, shift(dh, s * H), shift(d_cells, s * H), squashed)
        if row[NEEDS_DX]:
            rows_by_columns(running, N, 4 * H, gates, U, 0, shift(deltas, row[IN] + t * n * N))
            clear(vector(deltas, row[IN] + (t * n + running) * N, (n - running) * N))
        if t > 0:
            add(shift(dh, running * H), shift(dh_prev, running * H), (n - running) * H)
            if row[TRUNCATE] == 0 or t % row[TRUNCATE] != 0:
                rows_by_columns(running, H, 4 * H, gates, W, 1, dh_prev)
            else:
                clear(vector(d_cells, 0, running * H))
    return real


@kernel
def _sum_up(row, n, real, grads, acts):
    """dW = sum da h_prev^T, dU = sum da x^T, db = sum da, over CHUNK real steps at a time."""
    N, H = row[N_IN], row[N_OUT]
    dW, dU = shift(grads, row[PARAM]), shift(grads, row[PARAM] + 4 * H * H)
    db = vector(dU, 4 * H * N, 4 * H)
    x, h_prev = shift(acts, row[GATHERED]), shift(acts, row[GATHERED] + CHUNK * N)
    clear(db)
    t = s = 0
    for first in range(0, real, CHUNK):
        size = min(CHUNK, real - first)
        t, s = _gather_steps(row, n, acts, t, s, size, x, h_prev)
        keep = 1 if first > 0 else 0
        da = shift(acts, row[GATES] + first * 4 * H)
        columns_by_columns(4 * H, H, size, 1, da, h_prev, keep, dW)
        columns_by_columns(4 * H, N, size, 1, da, x, keep, dU)
        add_samples(4 * H, size, db.dtype.type(1), pointer(db, 0), da)


@kernel
def _gather_steps(row, n, acts, t, s, size, x, h_prev):
    """Copy inputs and previous states of ``size`` real steps, from sequence s of step t on. Returns where it ends."""
    N, H = row[N_IN], row[N_OUT]
    lengths = vector(acts, row[LENGTHS], n)
    filled = 0
    while filled < size:
        running = running_at(lengths, t)
        rows = min(size - filled, running - s)
        copy(shift(acts, row[IN] + (t * n + s) * N), shift(x, filled * N), rows * N)
        if t > 0 or row[CARRIED]:
            copy(shift(acts, row[HIDDEN] + ((t - 1) * n + s) * H), shift(h_prev, filled * H), rows * H)
        else:
            clear(vector(h_prev, filled * H, rows * H))
        filled += rows
        s += rows
        if s == running:
            t, s = t + 1, 0
    return t, s
