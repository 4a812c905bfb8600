"""The output layer of a language model with its loss, for one sequence at a time and plain SGD, without BLAS.
Equations: ``layers/dense.py``, ``layers/softmax_cross_entropy.py``.

Logits and their gradient have a row for each class and a column for each step. So all three products, W h, W^T da and
da h^T, read every row of W as it lies in memory, where BLAS first copies W into an order of its own, which takes long
for a few dozen steps; and the softmax of many columns is arithmetic on vectors.

Four operations follow each other. The two in the middle have a row of the program for each part of the classes, which
threads can share among them: what a part needs of the others, it finds in their places when all of them are done.
"""

from handgrad.kernels._exp import exp, log
from handgrad.kernels._jit import kernel, operation, pointer, vector
from handgrad.kernels._lstm_cell import add, copy
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
    PART,
    PARTS,
    STEPS,
)
from handgrad.kernels._small import add_product, transpose
from handgrad.kernels._threads import share_of
from handgrad.kernels._tiles import shift
from handgrad.kernels.dense import clear

_BLOCK = 32  # rows of W that stay in the nearest cache while they are read for dh, and then changed
# of every column of a part: its largest logit, the sum of its e; the largest of all parts; and a sum, first of some e,
# then of the e of all parts, at last the share of each e in the gradient
_TOP, _TOTAL, _LARGEST, _SUM = range(4)


@operation
def token_cross_entropy_columns(row, n, params, grads, acts, deltas, scalars):
    """h of every real step of one sequence, in columns too, with zeros in the columns of no step"""
    length, columns = _size(row, acts)
    N = row[N_IN]
    h, turned = shift(acts, row[GATHERED]), shift(acts, row[GATHERED] + row[CHUNK_ROWS] * N)
    copy(shift(acts, row[IN]), h, length * N)
    clear(vector(h, length * N, (columns - length) * N))
    transpose(columns, N, turned, h)


@operation
def token_cross_entropy_scores(row, n, params, grads, acts, deltas, scalars):
    """a = W h + b for the classes of this part, then e = exp(a - the largest), and their sum; -a at the class"""
    length, columns = _size(row, acts)
    first, behind = share_of(row[N_OUT], COLUMNS_TOGETHER, row[PART], row[PARTS])
    _logits(row, first, behind, columns, params, acts)
    classes, losses = vector(acts, row[AUX], length), vector(acts, row[OUT], length)
    a = vector(acts, row[LOGITS], row[N_OUT] * columns)
    for k in range(length):
        if first <= int(classes[k]) < behind:
            losses[k] = -a[int(classes[k]) * columns + k]
    _exponentials(row, first, behind, columns, acts)


@operation
def token_cross_entropy_step(row, n, params, grads, acts, deltas, scalars):
    """da = dl (softmax a - one at the class); W <- W - eta sum da h^T, b <- b - eta sum da, of every row of W when
    the part's dh = W^T da has had it"""
    N, V = row[N_IN], row[N_OUT]
    length, columns = _size(row, acts)
    first, behind = share_of(row[N_OUT], COLUMNS_TOGETHER, row[PART], row[PARTS])
    _shares(row, length, acts, vector(deltas, row[OUT], length))
    dh, h = _part(row, row[PART], acts), shift(acts, row[GATHERED])
    scale = -vector(scalars, LEARNING_RATE, 1)[0]
    one = scale * 0 + 1
    clear(vector(dh, 0, columns * N))
    for begin in range(first, behind, _BLOCK):
        end = min(begin + _BLOCK, behind)
        da, W = shift(acts, row[LOGITS] + begin * columns), shift(params, row[PARAM] + begin * N)
        _gradient(row, begin, end, length, columns, acts, vector(deltas, row[OUT], length))
        _step_of_bias(vector(params, row[PARAM] + V * N + begin, end - begin), length, columns, da, scale)
        if row[NEEDS_DX]:
            add_product(columns, N, end - begin, one, dh, da, 1, columns, W)
        add_product(end - begin, N, length, scale, W, da, columns, 1, h)


@operation
def token_cross_entropy_sums(row, n, params, grads, acts, deltas, scalars):
    """l = log sum exp a - a at the class, and dh, from what the parts have left"""
    N = row[N_IN]
    length, _ = _size(row, acts)
    losses = vector(acts, row[OUT], row[STEPS])
    largest, total = _over_parts(row, length, acts)
    for k in range(length):
        losses[k] = (losses[k] + largest[k]) + log(total[k])
    clear(vector(acts, row[OUT] + length, row[STEPS] - length))
    if row[NEEDS_DX]:
        dh = shift(deltas, row[IN])
        copy(_part(row, 0, acts), dh, length * N)
        for q in range(1, row[PARTS]):
            add(_part(row, q, acts), dh, length * N)
        clear(vector(dh, length * N, (row[STEPS] - length) * N))


@kernel
def _size(row, acts):
    """How many steps are real, and how many columns there are for them."""
    length = int(vector(acts, row[LENGTHS], 1)[0])
    return length, (length + COLUMNS_TOGETHER - 1) // COLUMNS_TOGETHER * COLUMNS_TOGETHER


@kernel
def _part(row, part, acts):
    """What a part has for itself: dh, (columns, N), then four numbers for every column."""
    each = row[CHUNK_ROWS] * (row[N_IN] + 4)
    return shift(acts, row[GATHERED] + 2 * row[CHUNK_ROWS] * row[N_IN] + part * each)


@kernel
def _of_columns(row, part, which, columns, acts):
    """One number of a part for each column."""
    return vector(_part(row, part, acts), row[CHUNK_ROWS] * (row[N_IN] + which), columns)


@kernel
def _logits(row, first, behind, columns, params, acts):
    """a = W h + b of some classes, with zeros for h in columns of no step, and the largest of each column."""
    N, V = row[N_IN], row[N_OUT]
    b, top = vector(params, row[PARAM] + V * N, V), _of_columns(row, row[PART], _TOP, columns, acts)
    turned = shift(acts, row[GATHERED] + row[CHUNK_ROWS] * N)
    for begin in range(first, behind, _BLOCK):
        end = min(begin + _BLOCK, behind)
        for i in range(begin, end):
            a = vector(acts, row[LOGITS] + i * columns, columns)
            for k in range(columns):
                a[k] = b[i]
        block, W = shift(acts, row[LOGITS] + begin * columns), shift(params, row[PARAM] + begin * N)
        add_product(end - begin, columns, N, b.dtype.type(1), block, W, N, 1, turned)
        if begin == first:
            copy(block, pointer(top, 0), columns)
        for i in range(begin, end):
            a = vector(acts, row[LOGITS] + i * columns, columns)
            for k in range(columns):
                top[k] = top[k] if a[k] <= top[k] else a[k]


@kernel
def _exponentials(row, first, behind, columns, acts):
    """e = exp(a - largest) where the logits stood, and their sum."""
    top = _of_columns(row, row[PART], _TOP, columns, acts)
    total = _of_columns(row, row[PART], _TOTAL, columns, acts)
    some = _of_columns(row, row[PART], _SUM, columns, acts)
    clear(total)
    for begin in range(first, behind, _BLOCK):
        clear(some)  # sums of sums: thousands of small numbers added one by one would lose digits
        for i in range(begin, min(begin + _BLOCK, behind)):
            e = vector(acts, row[LOGITS] + i * columns, columns)
            for k in range(columns):
                e[k] = exp(e[k] - top[k])
            for k in range(columns):
                some[k] += e[k]
        for k in range(columns):
            total[k] += some[k]


@kernel
def _over_parts(row, length, acts):
    """The largest logit of every column, and the sum of exp(a - largest), over all parts."""
    largest = _of_columns(row, row[PART], _LARGEST, length, acts)
    total = _of_columns(row, row[PART], _SUM, length, acts)
    copy(pointer(_of_columns(row, 0, _TOP, length, acts), 0), pointer(largest, 0), length)
    for q in range(1, row[PARTS]):
        top = _of_columns(row, q, _TOP, length, acts)
        for k in range(length):
            largest[k] = largest[k] if top[k] <= largest[k] else top[k]
    clear(total)
    for q in range(row[PARTS]):
        top, its = _of_columns(row, q, _TOP, length, acts), _of_columns(row, q, _TOTAL, length, acts)
        for k in range(length):
            total[k] += its[k] * exp(top[k] - largest[k])
    return largest, total


@kernel
def _shares(row, length, acts, dl):
    """What makes dl softmax(a) of a part's e, in every column."""
    largest, total = _over_parts(row, length, acts)
    top = _of_columns(row, row[PART], _TOP, length, acts)
    for k in range(length):
        total[k] = dl[k] * exp(top[k] - largest[k]) / total[k]


@kernel
def _gradient(row, begin, end, length, columns, acts, dl):
    """da of some classes, where e stood."""
    share, classes = _of_columns(row, row[PART], _SUM, length, acts), vector(acts, row[AUX], length)
    for i in range(begin, end):
        e = vector(acts, row[LOGITS] + i * columns, length)
        for k in range(length):
            e[k] *= share[k]
    for k in range(length):
        i = int(classes[k])
        if begin <= i < end:
            vector(acts, row[LOGITS] + i * columns, length)[k] -= dl[k]


@kernel
def _step_of_bias(b, length, columns, da_at, scale):
    """b <- b + scale * sum over the steps of da, for some classes."""
    for i in range(b.size):
        da = vector(da_at, i * columns, length)
        total = scale * 0
        for k in range(length):
            total += da[k]
        b[i] += scale * total
