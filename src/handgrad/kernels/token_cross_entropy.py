"""The output layer of a language model with its loss: Dense, softmax and cross-entropy on class numbers.
Equations: ``layers/dense.py``, ``layers/softmax_cross_entropy.py``, with a one at the class and zeros elsewhere.

Positions (a step of a sequence) are worked on CHUNK at a time, real ones only: the array of all positions times all
classes never exists. In training the gradient is made right after the loss, while the probabilities of the chunk are
there; the cotangent of the losses stands ready before forward. Backward has nothing left to do.
"""

from handgrad.kernels._blas import columns_by_columns, rows_by_columns, rows_by_rows
from handgrad.kernels._exp import exp, log
from handgrad.kernels._jit import kernel, operation, vector
from handgrad.kernels._lstm_cell import copy, running_at
from handgrad.kernels._rows import (
    AUX,
    CHUNK_ROWS,
    GATHERED,
    IN,
    LEARNING_RATE,
    LENGTHS,
    LOGITS,
    N_IN,
    N_OUT,
    NEEDS_DX,
    OUT,
    PARAM,
    STEPS,
)
from handgrad.kernels._tiles import shift
from handgrad.kernels.dense import clear
from handgrad.kernels.softmax import largest

LOSSES, GRADIENT, STEP = range(3)  # what is wanted


@operation
def token_cross_entropy_losses(row, n, params, grads, acts, deltas, scalars):
    """l = log sum exp a - a at the class, a = W h + b, for every real step of n sequences"""
    _work(row, n, params, params, acts, deltas, LOSSES, params)


@operation
def token_cross_entropy_forward(row, n, params, grads, acts, deltas, scalars):
    """The same, and da = dl (softmax a - one at the class), dW = sum da h^T, db = sum da, dh = W^T da"""
    clear(vector(grads, row[PARAM], row[N_OUT] * (row[N_IN] + 1)))
    _work(row, n, params, grads, acts, deltas, GRADIENT, scalars)


@operation
def token_cross_entropy_forward_sgd(row, n, params, grads, acts, deltas, scalars):
    """The same for plain SGD: all steps are one chunk, and the step is taken when dh is there"""
    _work(row, n, params, params, acts, deltas, STEP, scalars)


@operation
def token_cross_entropy_backward(row, n, params, grads, acts, deltas, scalars):
    """Forward has made the gradient."""


@kernel
def _work(row, n, params, into, acts, deltas, wanted, scalars):
    """Losses, and what else is wanted, chunk by chunk; gradients, or steps, are added to the block of ``into``."""
    N, V, T = row[N_IN], row[N_OUT], row[STEPS]
    W, b = shift(params, row[PARAM]), shift(params, row[PARAM] + V * N)
    lengths = vector(acts, row[LENGTHS], n)
    clear(vector(acts, row[OUT], T * n))
    real = 0
    for s in range(n):
        real += int(lengths[s])
    if wanted != LOSSES and row[NEEDS_DX]:
        for t in range(T):
            running = running_at(lengths, t)
            clear(vector(deltas, row[IN] + (t * n + running) * N, (n - running) * N))
    scale = vector(scalars, LEARNING_RATE, 1)[0]
    scale = -scale if wanted == STEP else vector(scalars, LEARNING_RATE, 1).dtype.type(1)
    h, logits = shift(acts, row[GATHERED]), shift(acts, row[LOGITS])
    t = s = 0
    for first in range(0, real, row[CHUNK_ROWS]):
        size = min(row[CHUNK_ROWS], real - first)
        _copy_rows(lengths, t, s, size, N, shift(acts, row[IN]), h, True)
        for k in range(size):
            copy(b, shift(logits, k * V), V)
        rows_by_rows(size, V, N, h, W, 1, logits)
        t_first, s_first = t, s
        t, s = _positions(row, lengths, t, s, size, acts, deltas, wanted)
        if wanted != LOSSES:
            db = vector(into, row[PARAM] + V * N, V)
            _add_rows(db, logits, size, scale)
            if wanted == STEP:
                _send_back(row, lengths, t_first, s_first, size, W, acts, deltas, False)
                columns_by_columns(V, N, size, scale, logits, h, 1, shift(into, row[PARAM]))
            else:
                columns_by_columns(V, N, size, scale, logits, h, 1, shift(into, row[PARAM]))
                _send_back(row, lengths, t_first, s_first, size, W, acts, deltas, True)


@kernel
def _add_rows(b, rows, size, scale):
    """b <- b + scale sum of the rows."""
    V = b.size
    for k in range(size):
        d = vector(rows, k * V, V)
        for i in range(V):
            b[i] += scale * d[i]


@kernel
def _send_back(row, lengths, t, s, size, W, acts, deltas, in_place):
    """dh = W^T da of a chunk, copied to where dh of every position stands; made where h stood, if h is done with."""
    if row[NEEDS_DX]:
        N, V = row[N_IN], row[N_OUT]
        dh = shift(acts, row[GATHERED] + (0 if in_place else row[CHUNK_ROWS] * N))
        rows_by_columns(size, N, V, shift(acts, row[LOGITS]), W, 0, dh)
        _copy_rows(lengths, t, s, size, N, shift(deltas, row[IN]), dh, False)


@kernel
def _copy_rows(lengths, t, s, size, N, blocks, rows, gather):
    """Copy ``size`` real positions, from sequence s of step t on, out of the blocks of steps, or into them."""
    n, filled = lengths.size, 0
    while filled < size:
        running = running_at(lengths, t)
        count = min(size - filled, running - s)
        if gather:
            copy(shift(blocks, (t * n + s) * N), shift(rows, filled * N), count * N)
        else:
            copy(shift(rows, filled * N), shift(blocks, (t * n + s) * N), count * N)
        filled += count
        t, s = t + 1, 0


@kernel
def _positions(row, lengths, t, s, size, acts, deltas, wanted):
    """Loss of every position of a chunk, and da where its logits stood. Returns the position behind the last."""
    n, V = lengths.size, row[N_OUT]
    classes, losses = vector(acts, row[AUX], row[STEPS] * n), vector(acts, row[OUT], row[STEPS] * n)
    dl = vector(deltas, row[OUT], row[STEPS] * n)
    running = running_at(lengths, t)
    for k in range(size):
        at = t * n + s
        a = vector(acts, row[LOGITS] + k * V, V)
        losses[at] = _cross_entropy(a, int(classes[at]), dl[at], wanted)
        s += 1
        if s == running:
            t, s = t + 1, 0
            running = running_at(lengths, t)
    return t, s


@kernel
def _cross_entropy(a, chosen, dl, wanted):
    """The loss of one position from its logits, in whose place da is left if it is wanted."""
    top, expected = largest(a), a[chosen]
    total = a.dtype.type(0)
    for j in range(a.size):
        e = exp(a[j] - top)
        a[j] = e
        total += e
    if wanted != LOSSES:
        share = dl / total
        for j in range(a.size):
            a[j] *= share
        a[chosen] -= dl
    return log(total) - (expected - top)
