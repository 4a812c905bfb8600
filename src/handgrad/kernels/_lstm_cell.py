"""What all forms of the LSTM share: the gates of one step of one sequence, and where its states stand.

Loops are short and many, over one row each: LLVM vectorizes a loop over few arrays, and gives up on one over many.
"""

from handgrad.kernels._exp import sigmoid, tanh
from handgrad.kernels._jit import kernel, vector
from handgrad.kernels._rows import HIDDEN, N_OUT, OUT, STEPS
from handgrad.kernels._tiles import shift
from handgrad.kernels.dense import clear


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


@kernel
def real_steps(lengths):
    """How many there are, of all sequences together."""
    real = 0
    for s in range(lengths.size):
        real += int(lengths[s])
    return real


@kernel
def copy_steps(lengths, t, s, size, N, blocks, rows, gather):
    """Copy ``size`` real steps, from sequence s of step t on, out of the blocks of steps, (n, N) each, or into them.
    Returns t and s of the step behind them."""
    n = lengths.size
    while size > 0:
        running = running_at(lengths, t)
        count = min(size, running - s)
        block = shift(blocks, (t * n + s) * N)
        if gather:
            copy(block, rows, count * N)
        else:
            copy(rows, block, count * N)
        rows, size, s = shift(rows, count * N), size - count, s + count
        if s == running:
            t, s = t + 1, 0
    return t, s


@kernel
def cell(H, gates, c_prev_at, c_at, h_at):
    """Gates from the pre-activations that stand in their place, then c and h, of one step of one sequence."""
    cell_part(H, H, gates, c_prev_at, c_at, h_at)


@kernel
def cell_part(size, H, gates, c_prev_at, c_at, h_at):
    """The same for ``size`` of the H units, of which the pointers name the first."""
    i, f, g, o = vector(gates, 0, size), vector(gates, H, size), vector(gates, 2 * H, size), vector(gates, 3 * H, size)
    c_prev, c, h = vector(c_prev_at, 0, size), vector(c_at, 0, size), vector(h_at, 0, size)
    for k in range(size):
        i[k] = sigmoid(i[k])
    for k in range(size):
        f[k] = sigmoid(f[k])
    for k in range(size):
        g[k] = tanh(g[k])
    for k in range(size):
        o[k] = sigmoid(o[k])
    for k in range(size):
        c[k] = f[k] * c_prev[k] + i[k] * g[k]
    for k in range(size):
        h[k] = o[k] * tanh(c[k])


@kernel
def hand_on(row, n, acts):
    """Copy the last state to where the next layer looks for it, if not the whole sequence is wanted."""
    if row[OUT] != row[HIDDEN]:
        size = n * row[N_OUT]
        copy(shift(acts, row[HIDDEN] + (row[STEPS] - 1) * size), shift(acts, row[OUT]), size)


@kernel
def take_over(row, n, deltas):
    """The opposite of ``_hand_on``: dh of every step, where only the last one has one."""
    if row[OUT] != row[HIDDEN]:
        size = n * row[N_OUT]
        clear(vector(deltas, row[HIDDEN], (row[STEPS] - 1) * size))
        copy(shift(deltas, row[OUT]), shift(deltas, row[HIDDEN] + (row[STEPS] - 1) * size), size)


@kernel
def add(source, target, size):
    """Add numbers at one pointer to those at another: a sequence that is over kept its state, so its gradient is."""
    more, total = vector(source, 0, size), vector(target, 0, size)
    for k in range(size):
        total[k] += more[k]


@kernel
def cell_backward(H, gates, c_prev_at, c_at, dh_at, dc_at, squashed_at):
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
