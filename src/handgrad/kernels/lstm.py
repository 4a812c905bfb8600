"""LSTM layer. Equations: ``layers/lstm.py``.

Sequences lie step after step, (T, n, features), the longest first, so that those still running at a step are the first
of its block, and only they are computed. The gates and the cells have places for real steps alone.

Two forms. For batches the products with states go step by step, over the running rows; those with inputs, and the
gradients of the weights, over CHUNK real steps at a time by BLAS, whatever steps they belong to. One sequence at a time
(``_one``), without BLAS; the plain SGD step is taken after all steps have sent their gradients back (``_lstm_one.py``).
"""

from handgrad.kernels._blas import columns_by_columns, rows_by_columns, rows_by_rows
from handgrad.kernels._jit import kernel, operation, pointer, vector
from handgrad.kernels._lstm_cell import (
    add,
    cell,
    cell_backward,
    copy,
    copy_steps,
    hand_on,
    real_steps,
    running_at,
    take_over,
)
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
from handgrad.kernels._several import affine_rows
from handgrad.kernels._small import add_product
from handgrad.kernels._tiles import shift
from handgrad.kernels.dense import add_samples, clear

FEW_FORWARD, FEW_BACKWARD = 48, 96  # sequences up to which the tiles of this project are faster than BLAS
_NEAR_ROWS = 128  # of W, that stay in a near cache


@operation
def lstm_forward(row, n, params, grads, acts, deltas, scalars):
    """a = b + W h_prev + U x, c = f c_prev + i g, h = o tanh(c), step after step, for n sequences at once"""
    T, N, H = row[STEPS], row[N_IN], row[N_OUT]
    W, U = shift(params, row[PARAM]), shift(params, row[PARAM] + 4 * H * H)
    b = shift(U, 4 * H * N)
    lengths = vector(acts, row[LENGTHS], n)
    gates, cells, before = shift(acts, row[GATES]), shift(acts, row[CELLS]), shift(acts, row[CELLS] - n * H)
    _from_inputs(row, n, U, b, acts)
    if not row[CARRIED]:
        clear(vector(before, 0, n * H))
    for t in range(T):
        running = running_at(lengths, t)
        h = shift(acts, row[HIDDEN] + t * n * H)
        h_prev = shift(acts, row[HIDDEN] + (t - 1) * n * H)
        if t > 0 or row[CARRIED]:
            _from_states(running, H, W, h_prev, gates, shift(acts, row[GATHERED]))
        for s in range(running):
            cell(H, shift(gates, s * 4 * H), shift(before, s * H), shift(cells, s * H), shift(h, s * H))
        copy(shift(h_prev, running * H), shift(h, running * H), (n - running) * H)  # the others keep their state
        before = cells
        gates, cells = shift(gates, running * 4 * H), shift(cells, running * H)
    hand_on(row, n, acts)


@kernel
def _from_inputs(row, n, U, b, acts):
    """b + U x of all real steps, CHUNK at a time, where their gates will stand."""
    N, H = row[N_IN], row[N_OUT]
    lengths, x = vector(acts, row[LENGTHS], n), shift(acts, row[GATHERED])
    real = real_steps(lengths)
    t = s = 0
    for first in range(0, real, CHUNK):
        size = min(CHUNK, real - first)
        gates = shift(acts, row[GATES] + first * 4 * H)
        t, s = copy_steps(lengths, t, s, size, N, shift(acts, row[IN]), x, True)
        for k in range(size):
            copy(b, shift(gates, k * 4 * H), 4 * H)
        rows_by_rows(size, 4 * H, N, x, U, 1, gates)


@kernel
def _from_states(running, H, W, h_prev, gates, scratch):
    """a <- a + W h_prev. BLAS copies W into an order of its own first, which takes longer for few sequences."""
    if running <= FEW_FORWARD:
        affine_rows(running, 4 * H, H, W, vector(W, 0, 0), h_prev, gates, scratch)
    else:
        rows_by_rows(running, 4 * H, H, h_prev, W, 1, gates)


@kernel
def _to_states(running, H, W, gates, dh_prev):
    """dh_prev <- dh_prev + W^T da: of few sequences with some rows of W at a time, that stay in a near cache."""
    if running > FEW_BACKWARD:
        rows_by_columns(running, H, 4 * H, gates, W, 1, dh_prev)
        return
    one = vector(W, 0, 0).dtype.type(1)
    for first in range(0, 4 * H, _NEAR_ROWS):
        count = min(_NEAR_ROWS, 4 * H - first)
        add_product(running, H, count, one, dh_prev, shift(gates, first), 4 * H, 1, shift(W, first * H))


@operation
def lstm_backward(row, n, params, grads, acts, deltas, scalars):
    """da from dh and dc, dh_prev += W^T da, dc_prev = dc f, from the last step to the first; dW, dU, db, dx"""
    real = _through_time(row, n, params, acts, deltas)
    _sum_up(row, n, real, params, grads, acts, deltas)


@kernel
def _through_time(row, n, params, acts, deltas):
    """da of every step, where the gates stood. Returns how many real steps there are."""
    T, H = row[STEPS], row[N_OUT]
    lengths, W = vector(acts, row[LENGTHS], n), shift(params, row[PARAM])
    real = real_steps(lengths)
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
        if t > 0:
            add(shift(dh, running * H), shift(dh_prev, running * H), (n - running) * H)
            if row[TRUNCATE] == 0 or t % row[TRUNCATE] != 0:
                _to_states(running, H, W, gates, dh_prev)
            else:
                clear(vector(d_cells, 0, running * H))
    return real


@kernel
def _sum_up(row, n, real, params, grads, acts, deltas):
    """dW = sum da h_prev^T, dU = sum da x^T, db = sum da, and dx = U^T da, over CHUNK real steps at a time."""
    N, H = row[N_IN], row[N_OUT]
    dW, dU = shift(grads, row[PARAM]), shift(grads, row[PARAM] + 4 * H * H)
    db = vector(dU, 4 * H * N, 4 * H)
    x, h_prev = shift(acts, row[GATHERED]), shift(acts, row[GATHERED] + CHUNK * N)
    U, dx = shift(params, row[PARAM] + 4 * H * H), shift(deltas, row[IN])
    lengths = vector(acts, row[LENGTHS], n)
    clear(db)
    if not row[CARRIED]:
        clear(vector(acts, row[HIDDEN] - n * H, n * H))
    if row[NEEDS_DX]:
        clear(vector(dx, 0, row[STEPS] * n * N))
    t = s = 0
    for first in range(0, real, CHUNK):
        size = min(CHUNK, real - first)
        copy_steps(lengths, t, s, size, H, shift(acts, row[HIDDEN] - n * H), h_prev, True)
        t_behind, s_behind = copy_steps(lengths, t, s, size, N, shift(acts, row[IN]), x, True)
        keep = 1 if first > 0 else 0
        da = shift(acts, row[GATES] + first * 4 * H)
        columns_by_columns(4 * H, H, size, 1, da, h_prev, keep, dW)
        columns_by_columns(4 * H, N, size, 1, da, x, keep, dU)
        add_samples(4 * H, size, db.dtype.type(1), pointer(db, 0), da)
        if row[NEEDS_DX]:
            rows_by_columns(size, N, 4 * H, da, U, 0, x)
            copy_steps(lengths, t, s, size, N, dx, x, False)
        t, s = t_behind, s_behind
