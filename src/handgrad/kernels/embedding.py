"""Embedding. Equations: ``layers/embedding.py``. Tokens travel as numbers of the network's dtype, exact below 2^24."""

from handgrad.kernels._jit import kernel, operation, vector
from handgrad.kernels._lstm_cell import copy
from handgrad.kernels._rows import IN, LEARNING_RATE, LENGTHS, N_OUT, OUT, PARAM, STEPS, TOKENS
from handgrad.kernels._tiles import shift
from handgrad.kernels.dense import clear


@operation
def embedding_forward(row, n, params, grads, acts, deltas, scalars):
    """x = row s of E for every real step, and zeros behind the end of a sequence"""
    D = row[N_OUT]
    lengths = vector(acts, row[LENGTHS], n)
    for t in range(row[STEPS]):
        tokens = vector(acts, row[IN] + t * n, n)
        for s in range(n):
            x = shift(acts, row[OUT] + (t * n + s) * D)
            if t < lengths[s]:
                copy(shift(params, row[PARAM] + int(tokens[s]) * D), x, D)
            else:
                clear(vector(x, 0, D))


@operation
def embedding_backward(row, n, params, grads, acts, deltas, scalars):
    """dE = sum of dx over all real steps with the same token"""
    clear(vector(grads, row[PARAM], row[TOKENS] * row[N_OUT]))
    _collect(row, n, shift(grads, row[PARAM]), acts, deltas, vector(scalars, LEARNING_RATE, 1).dtype.type(1))


@operation
def embedding_backward_sgd(row, n, params, grads, acts, deltas, scalars):
    """The same for plain SGD: only the rows of tokens that occur are read and written"""
    _collect(row, n, shift(params, row[PARAM]), acts, deltas, -vector(scalars, LEARNING_RATE, 1)[0])


@kernel
def _collect(row, n, into, acts, deltas, scale):
    """Add scale dx of every real step to the row of its token."""
    D = row[N_OUT]
    lengths = vector(acts, row[LENGTHS], n)
    for t in range(row[STEPS]):
        tokens = vector(acts, row[IN] + t * n, n)
        for s in range(n):
            if t < lengths[s]:
                dx, dE = vector(deltas, row[OUT] + (t * n + s) * D, D), vector(into, int(tokens[s]) * D, D)
                for k in range(D):
                    dE[k] += scale * dx[k]
