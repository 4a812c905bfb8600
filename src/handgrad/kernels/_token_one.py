"""The output layer of a language model with its loss, for one sequence at a time and plain SGD, without BLAS.
Equations: ``layers/dense.py``, ``layers/softmax_cross_entropy.py``.

Logits and their gradient have a row for each class and a column for each step. So all three products, W h, W^T da and
da h^T, read every row of W as it lies in memory, where BLAS first copies W into an order of its own, which takes long
for a few dozen steps; and the softmax of many columns is arithmetic on vectors.
"""

from handgrad.kernels._exp import exp, log
from handgrad.kernels._jit import kernel, operation, pointer, vector
from handgrad.kernels._lstm_cell import copy
from handgrad.kernels._rows import (
    AUX,
    CHUNK_ROWS,
    COLUMNS_TOGETHER,
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
from handgrad.kernels._small import add_product, transpose
from handgrad.kernels._tiles import shift
from handgrad.kernels.dense import clear

_BLOCK = 128  # rows of W that stay in a near cache while they are read for dh, and then changed
_TOP, _TOTAL, _PART = range(3)  # of every column: its largest logit, the sum of all e, and of some


@operation
def token_cross_entropy_forward_sgd(row, n, params, grads, acts, deltas, scalars):
    """l = log sum exp a - a at the class, a = W h + b, at every real step of one sequence; da = dl (softmax a - one at
    the class), dh = W^T da; W <- W - eta sum da h^T, b <- b - eta sum da, of every row of W when dh has its part"""
    length = int(vector(acts, row[LENGTHS], 1)[0])
    clear(vector(acts, row[OUT] + length, row[STEPS] - length))
    columns = (length + COLUMNS_TOGETHER - 1) // COLUMNS_TOGETHER * COLUMNS_TOGETHER
    _logits(row, length, columns, params, acts)
    _softmax(row, length, columns, acts, deltas)
    _step(row, length, columns, params, acts, -vector(scalars, LEARNING_RATE, 1)[0])
    if row[NEEDS_DX]:
        N = row[N_IN]
        copy(_dh(row, acts), shift(deltas, row[IN]), length * N)
        clear(vector(deltas, row[IN] + length * N, (row[STEPS] - length) * N))


@kernel
def _dh(row, acts):
    """Behind h, and h turned over."""
    return shift(acts, row[GATHERED] + 2 * row[CHUNK_ROWS] * row[N_IN])


@kernel
def _of_columns(row, acts, which, columns):
    """One number for each column."""
    return vector(acts, row[GATHERED] + (3 * row[N_IN] + which) * row[CHUNK_ROWS], columns)


@kernel
def _logits(row, length, columns, params, acts):
    """a = W h + b, with zeros for h in columns of no step, and the largest of each column."""
    N, V = row[N_IN], row[N_OUT]
    b, top = vector(params, row[PARAM] + V * N, V), _of_columns(row, acts, _TOP, columns)
    h, turned = shift(acts, row[GATHERED]), shift(acts, row[GATHERED] + row[CHUNK_ROWS] * N)
    copy(shift(acts, row[IN]), h, length * N)
    clear(vector(h, length * N, (columns - length) * N))
    transpose(columns, N, turned, h)
    for i in range(V):
        a = vector(acts, row[LOGITS] + i * columns, columns)
        for k in range(columns):
            a[k] = b[i]
    add_product(V, columns, N, b.dtype.type(1), shift(acts, row[LOGITS]), shift(params, row[PARAM]), N, 1, turned)
    copy(shift(acts, row[LOGITS]), pointer(top, 0), columns)
    for i in range(V):
        a = vector(acts, row[LOGITS] + i * columns, columns)
        for k in range(columns):
            top[k] = top[k] if a[k] <= top[k] else a[k]


@kernel
def _softmax(row, length, columns, acts, deltas):
    """Losses, and where logits stood e = exp(a - largest), less the sum of all e at the class: now da = e share, with
    the shares where the largest stood."""
    V = row[N_OUT]
    classes, losses = vector(acts, row[AUX], length), vector(acts, row[OUT], length)
    dl, a = vector(deltas, row[OUT], length), vector(acts, row[LOGITS], V * columns)
    top, total = _of_columns(row, acts, _TOP, columns), _of_columns(row, acts, _TOTAL, columns)
    part = _of_columns(row, acts, _PART, columns)
    for k in range(length):
        losses[k] = top[k] - a[int(classes[k]) * columns + k]
    clear(total)
    for first in range(0, V, _BLOCK):
        clear(part)  # sums of sums: thousands of small numbers added one by one would lose digits
        for i in range(first, min(first + _BLOCK, V)):
            e = vector(acts, row[LOGITS] + i * columns, columns)
            for k in range(columns):
                e[k] = exp(e[k] - top[k])
            for k in range(columns):
                part[k] += e[k]
        for k in range(columns):
            total[k] += part[k]
    for k in range(length):
        losses[k] += log(total[k])
        a[int(classes[k]) * columns + k] -= total[k]
        top[k] = dl[k] / total[k]


@kernel
def _step(row, length, columns, params, acts, scale):
    """da and dh, and da h^T times ``scale`` added to W: some rows of W after the other."""
    N, V = row[N_IN], row[N_OUT]
    b, share = vector(params, row[PARAM] + V * N, V), _of_columns(row, acts, _TOP, length)
    clear(vector(_dh(row, acts), 0, columns * N))
    for first in range(0, V, _BLOCK):
        count = min(_BLOCK, V - first)
        da, W = shift(acts, row[LOGITS] + first * columns), shift(params, row[PARAM] + first * N)
        for i in range(first, first + count):
            e = vector(acts, row[LOGITS] + i * columns, length)
            total = scale * 0
            for k in range(length):
                e[k] *= share[k]
                total += e[k]
            b[i] += scale * total
        if row[NEEDS_DX]:
            add_product(columns, N, count, b.dtype.type(1), _dh(row, acts), da, 1, columns, W)
        add_product(count, N, length, scale, W, da, columns, 1, shift(acts, row[GATHERED]))
