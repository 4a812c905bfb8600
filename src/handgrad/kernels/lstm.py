"""LSTM layer. Equations: ``layers/lstm.py``.

Sequences lie step after step, (T, n, features), the longest first, so that those still running at a step are the first
of its block, and only they are computed. The gates and the cells have places for real steps alone.

Two forms. For batches the products are BLAS calls over the running rows, step by step, and the gradients of the weights
over CHUNK real steps at a time, whatever steps they belong to. One sequence at a time (``_one``), without BLAS; the
plain SGD step is taken after all steps have sent their gradients back.

Loops are short and many, over one row each: LLVM vectorizes a loop over few arrays, and gives up on one over many.
"""

from handgrad.kernels._blas import columns_by_columns, rows_by_columns, rows_by_rows
from handgrad.kernels._exp import sigmoid, tanh
from handgrad.kernels._jit import kernel, matrix, operation, pointer, vector
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
    LEARNING_RATE,
    LENGTHS,
    N_IN,
    N_OUT,
    NEEDS_DX,
    OUT,
    PARAM,
    STEPS,
    TRUNCATE,
)
from handgrad.kernels._several import affine_rows
from handgrad.kernels._tiles import shift
from handgrad.kernels.dense import add_combination, add_outer, add_samples, affine, clear, send_back


@kernel
def copy(source, target, size):
    """Numbers from one pointer to another."""
    old, new = vector(source, 0, size), vector(target, 0, size)
    for k in range(size):
        new[k] = old[k]


@kernel
def running_at(lengths, t):
    """How many sequences, of which the longest come first, have a step t."""
    running = lengths.size
    while running > 0 and lengths[running - 1] <= t:
        running -= 1
    return running


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
            _cell(H, shift(gates, s * 4 * H), shift(before, s * H), shift(cells, s * H), shift(h, s * H))
        copy(shift(h_prev, running * H), shift(h, running * H), (n - running) * H)  # the others keep their state
        before = cells
        gates, cells = shift(gates, running * 4 * H), shift(cells, running * H)
    _hand_on(row, n, acts)


@kernel
def _cell(H, gates, c_prev_at, c_at, h_at):
    """Gates from the pre-activations that stand in their place, then c and h, of one step of one sequence."""
    i, f, g, o = vector(gates, 0, H), vector(gates, H, H), vector(gates, 2 * H, H), vector(gates, 3 * H, H)
    c_prev, c, h = vector(c_prev_at, 0, H), vector(c_at, 0, H), vector(h_at, 0, H)
    let = vector(gates, 0, 2 * H)  # i and f
    for k in range(2 * H):
        let[k] = sigmoid(let[k])
    for k in range(H):
        g[k] = tanh(g[k])
    for k in range(H):
        o[k] = sigmoid(o[k])
    for k in range(H):
        c[k] = f[k] * c_prev[k] + i[k] * g[k]
    for k in range(H):
        h[k] = o[k] * tanh(c[k])


@kernel
def _hand_on(row, n, acts):
    """Copy the last state to where the next layer looks for it, if not the whole sequence is wanted."""
    if row[OUT] != row[HIDDEN]:
        size = n * row[N_OUT]
        copy(shift(acts, row[HIDDEN] + (row[STEPS] - 1) * size), shift(acts, row[OUT]), size)


@kernel
def _take_over(row, n, deltas):
    """The opposite of ``_hand_on``: dh of every step, where only the last one has one."""
    if row[OUT] != row[HIDDEN]:
        size = n * row[N_OUT]
        clear(vector(deltas, row[HIDDEN], (row[STEPS] - 1) * size))
        copy(shift(deltas, row[OUT]), shift(deltas, row[HIDDEN] + (row[STEPS] - 1) * size), size)


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
    _take_over(row, n, deltas)
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
            _cell_backward(H, shift(gates, s * 4 * H), c_prev, c, shift(dh, s * H), shift(d_cells, s * H), squashed)
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
def add(source, target, size):
    """Add numbers at one pointer to those at another: a sequence that is over kept its state, so its gradient is."""
    more, total = vector(source, 0, size), vector(target, 0, size)
    for k in range(size):
        total[k] += more[k]


@kernel
def _cell_backward(H, gates, c_prev_at, c_at, dh_at, dc_at, squashed_at):
    """da of the four gates, where they stood, and the step before's dc, where this one's stood."""
    i, f, g, o = vector(gates, 0, H), vector(gates, H, H), vector(gates, 2 * H, H), vector(gates, 3 * H, H)
    c_prev, c, dh, dc = vector(c_prev_at, 0, H), vector(c_at, 0, H), vector(dh_at, 0, H), vector(dc_at, 0, H)
    u = vector(squashed_at, 0, H)
    one = u.dtype.type(1)
    for k in range(H):
        u[k] = tanh(c[k])
    for k in range(H):
        dc[k] += dh[k] * o[k] * (one - u[k] * u[k])
    for k in range(H):
        o[k] = dh[k] * u[k] * o[k] * (one - o[k])
    for k in range(H):
        let_in, candidate, d = i[k], g[k], dc[k]
        i[k] = d * candidate * let_in * (one - let_in)
        g[k] = d * let_in * (one - candidate * candidate)
    for k in range(H):
        stays, d = f[k], dc[k]
        f[k] = d * c_prev[k] * stays * (one - stays)
        dc[k] = d * stays


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
        add_samples(db, matrix(da, 0, size, 4 * H), db.dtype.type(1))


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
        affine_rows(int(lengths[0]), 4 * H, N, pointer(U, 0), b, shift(acts, row[IN]), shift(acts, row[GATES]))
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
            _cell(H, shift(acts, row[GATES] + 4 * here), c_prev, c, h)
    _hand_on(row, n, acts)


@kernel
def _through_time_one(row, params, acts, deltas):
    """da of every real step of one sequence, where its gates stood, and dx. Returns how many real steps there are."""
    T, N, H = row[STEPS], row[N_IN], row[N_OUT]
    W, U = matrix(params, row[PARAM], 4 * H, H), matrix(params, row[PARAM] + 4 * H * H, 4 * H, N)
    length = int(vector(acts, row[LENGTHS], 1)[0])
    _take_over(row, 1, deltas)
    d_cells, squashed = shift(acts, row[D_CELLS]), shift(acts, row[AUX])
    clear(vector(d_cells, 0, H))
    for t in range(T - 1, -1, -1):
        dh, dh_prev = shift(deltas, row[HIDDEN] + t * H), shift(deltas, row[HIDDEN] + (t - 1) * H)
        if t >= length:
            add(dh, dh_prev, H)
            continue
        gates = shift(acts, row[GATES] + t * 4 * H)
        c, c_prev = shift(acts, row[CELLS] + t * H), shift(acts, row[CELLS] + (t - 1) * H)
        _cell_backward(H, gates, c_prev, c, dh, d_cells, squashed)
        if t > 0:
            if row[TRUNCATE] == 0 or t % row[TRUNCATE] != 0:
                add_combination(W, gates, dh_prev)
            else:
                clear(vector(d_cells, 0, H))
    if row[NEEDS_DX]:
        da = matrix(acts, row[GATES], length, 4 * H)
        send_back(U, da, matrix(deltas, row[IN], length, N))
        clear(vector(deltas, row[IN] + length * N, (T - length) * N))
    return length


@kernel
def _step_one(row, length, into, acts, scale):
    """W <- W + scale sum da h_prev^T, U <- U + scale sum da x^T, b <- b + scale sum da, for the block at ``into``."""
    N, H = row[N_IN], row[N_OUT]
    da = matrix(acts, row[GATES], length, 4 * H)
    if row[CARRIED]:
        add_outer(matrix(into, 0, 4 * H, H), matrix(acts, row[HIDDEN] - H, length, H), da, scale)
    else:  # the first state is zeros
        later = matrix(acts, row[GATES] + 4 * H, length - 1, 4 * H)
        add_outer(matrix(into, 0, 4 * H, H), matrix(acts, row[HIDDEN], length - 1, H), later, scale)
    add_outer(matrix(into, 4 * H * H, 4 * H, N), matrix(acts, row[IN], length, N), da, scale)
    add_samples(vector(into, 4 * H * (H + N), 4 * H), da, scale)


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
    """One step of n sequences that go on from their states: W and U are read once for all of them"""
    N, H = row[N_IN], row[N_OUT]
    W, U = shift(params, row[PARAM]), shift(params, row[PARAM] + 4 * H * H)
    b, none = vector(params, row[PARAM] + 4 * H * (H + N), 4 * H), vector(params, 0, 0)
    gates, c, h = shift(acts, row[GATES]), shift(acts, row[CELLS]), shift(acts, row[HIDDEN])
    c_prev, h_prev = shift(acts, row[CELLS] - n * H), shift(acts, row[HIDDEN] - n * H)
    affine_rows(n, 4 * H, N, U, b, shift(acts, row[IN]), gates)
    affine_rows(n, 4 * H, H, W, none, h_prev, gates)
    for s in range(n):
        _cell(H, shift(gates, s * 4 * H), shift(c_prev, s * H), shift(c, s * H), shift(h, s * H))
    copy(h, h_prev, n * H)
    copy(c, c_prev, n * H)
    _hand_on(row, n, acts)
