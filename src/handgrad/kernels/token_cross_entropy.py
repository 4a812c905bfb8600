"""The output layer of a language model with its loss: Dense, softmax and cross-entropy on class numbers.
Equations: ``layers/dense.py``, ``layers/softmax_cross_entropy.py``, with a one at the class and zeros elsewhere.

Positions (a step of a sequence) are worked on CHUNK at a time, real ones only: the array of all positions times all
classes never exists. In training the gradient is made right after the loss, while the probabilities of the chunk are
there; the cotangent of the losses stands ready before forward. Backward has nothing left to do. One sequence at a time
the SGD step is taken there too (``_token_one.py``).
"""

from handgrad.kernels import _token_one  # noqa: F401  # its form for one sequence
from handgrad.kernels._blas import columns_by_columns, rows_by_columns, rows_by_rows
from handgrad.kernels._exp import exp, log
from handgrad.kernels._jit import kernel, operation, vector
from handgrad.kernels._lstm_cell import copy, copy_steps, real_steps, running_at
from handgrad.kernels._rows import (
    AUX,
    CHUNK_ROWS,
    GATHERED,
    IN,
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


@operation
def token_cross_entropy_losses(row, n, params, grads, acts, deltas, scalars):
    """l = log sum exp a - a at the class, a = W h + b, for every real step of n sequences"""
    _work(row, n, params, params, acts, deltas, False)


@operation
def token_cross_entropy_forward(row, n, params, grads, acts, deltas, scalars):
    """The same, and da = dl (softmax a - one at the class), dW = sum da h^T, db = sum da, dh = W^T da"""
    clear(vector(grads, row[PARAM], row[N_OUT] * (row[N_IN] + 1)))
    _work(row, n, params, grads, acts, deltas, True)


@operation
def token_cross_entropy_backward(row, n, params, grads, acts, deltas, scalars):
    """Forward has made the gradient."""


@kernel
def _work(row, n, params, grads, acts, deltas, gradient):
    """Losses, and the gradient if it is wanted, chunk by chunk."""
    N, V, T = row[N_IN], row[N_OUT], row[STEPS]
    W, b = shift(params, row[PARAM]), shift(params, row[PARAM] + V * N)
    lengths = vector(acts, row[LENGTHS], n)
    clear(vector(acts, row[OUT], T * n))
    real = real_steps(lengths)
    if gradient and row[NEEDS_DX]:
        for t in range(T):
            running = running_at(lengths, t)
            clear(vector(deltas, row[IN] + (t * n + running) * N, (n - running) * N))
    h, logits = shift(acts, row[GATHERED]), shift(acts, row[LOGITS])
    t = s = 0
    for first in range(0, real, row[CHUNK_ROWS]):
        size = min(row[CHUNK_ROWS], real - first)
        copy_steps(lengths, t, s, size, N, shift(acts, row[IN]), h, True)
        for k in range(size):
            copy(b, shift(logits, k * V), V)
        rows_by_rows(size, V, N, h, W, 1, logits)
        t_first, s_first = t, s
        t, s = _positions(row, lengths, t, s, size, acts, deltas, gradient)
        if gradient:
            _add_rows(vector(grads, row[PARAM] + V * N, V), logits, size)
            columns_by_columns(V, N, size, 1, logits, h, 1, shift(grads, row[PARAM]))
            if row[NEEDS_DX]:  # made where h stood, which is done with
                rows_by_columns(size, N, V, logits, W, 0, h)
                copy_steps(lengths, t_first, s_first, size, N, shift(deltas, row[IN]), h, False)


@kernel
def _add_rows(b, rows, size):
    """b <- b + sum of the rows."""
    V = b.size
    for k in range(size):
        d = vector(rows, k * V, V)
        for i in range(V):
            b[i] += d[i]


@kernel
def _positions(row, lengths, t, s, size, acts, deltas, gradient):
    """Loss of every position of a chunk, and da where its logits stood. Returns the position behind the last."""
    n, V = lengths.size, row[N_OUT]
    classes, losses = vector(acts, row[AUX], row[STEPS] * n), vector(acts, row[OUT], row[STEPS] * n)
    dl = vector(deltas, row[OUT], row[STEPS] * n)
    running = running_at(lengths, t)
    for k in range(size):
        at = t * n + s
        a = vector(acts, row[LOGITS] + k * V, V)
        losses[at] = _cross_entropy(a, int(classes[at]), dl[at], gradient)
        s += 1
        if s == running:
            t, s = t + 1, 0
            running = running_at(lengths, t)
    return t, s


@kernel
def _cross_entropy(a, chosen, dl, gradient):
    """The loss of one position from its logits, in whose place da is left if it is wanted."""
    top, expected = largest(a), a[chosen]
    total = a.dtype.type(0)
    for j in range(a.size):
        e = exp(a[j] - top)
        a[j] = e
        total += e
    if gradient:
        share = dl / total
        for j in range(a.size):
            a[j] *= share
        a[chosen] -= dl
    return log(total) - (expected - top)
