"""Recurrent layer (Elman's). Equations: ``layers/rnn.py``.

Sequences lie step after step, (T, n, features), the longest first, so that those still running at a step are the first
of its block. The state before the first step stands right before the states: ``h[-1]`` of the equation.

Two forms. For batches the products are BLAS calls: U x and all gradients over all steps at once, W h step by step. One
sequence at a time (``_one``), without BLAS; the plain SGD step is taken in one pass over the weights after all steps
have sent their gradients back.
"""

import numpy as np

from handgrad.kernels._activations import activate, activation_backward
from handgrad.kernels._jit import kernel, matrix, operation, pointer, vector
from handgrad.kernels._rnn_tiles import send_back_through
from handgrad.kernels._rows import (
    ACTIVATION,
    AUX,
    CARRIED,
    COLUMNWISE,
    FEW_INPUTS,
    FEW_STATES,
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
from handgrad.kernels._small import add_narrow_product, add_vector_product, product, transpose
from handgrad.kernels._tiles import shift
from handgrad.kernels.dense import (
    NEAR,
    add_combination,
    add_outer,
    add_samples,
    affine,
    affine_of_all,
    clear,
    send_back,
)


@operation
def rnn_forward(row, n, params, grads, acts, deltas, scalars):
    """a = b + W h_prev + U x, h = f(a), step after step, for n sequences at once"""
    T, N, H = row[STEPS], row[N_IN], row[N_OUT]
    W = matrix(params, row[PARAM], H, H)
    U = matrix(params, row[PARAM] + H * H, H, N)
    b = vector(params, row[PARAM] + H * H + H * N, H)
    lengths = vector(acts, row[LENGTHS], n)
    np.dot(matrix(acts, row[IN], T * n, N), U.T, matrix(acts, row[HIDDEN], T * n, H))
    running = n
    for t in range(T):
        while running > 0 and lengths[running - 1] <= t:
            running -= 1
        if running > 0:
            _advance(row, t, running, n, W, b, acts)
        _hold(row, t, running, n, acts)
    _hand_on(row, n, acts)


@kernel
def _advance(row, t, running, n, W, b, acts):
    """h = f(U x + W h_prev + b) of the sequences still running, where U x stood."""
    H = row[N_OUT]
    here = row[HIDDEN] + t * n * H
    h = matrix(acts, here, running, H)
    Wh = matrix(acts, row[AUX], running, H)
    if t > 0 or row[CARRIED]:
        np.dot(matrix(acts, here - n * H, running, H), W.T, Wh)
    else:
        clear(vector(acts, row[AUX], running * H))
    for s in range(running):
        for i in range(H):
            h[s, i] += Wh[s, i] + b[i]
    activate(row[ACTIVATION], vector(acts, here, running * H))


@kernel
def _hold(row, t, running, n, acts):
    """The sequences that are over keep their state."""
    H = row[N_OUT]
    size = (n - running) * H
    old = vector(acts, row[HIDDEN] + ((t - 1) * n + running) * H, size)
    new = vector(acts, row[HIDDEN] + (t * n + running) * H, size)
    for k in range(size):
        new[k] = old[k]


@kernel
def _hand_on(row, n, acts):
    """Copy the last state to where the next layer looks for it, if not the whole sequence is wanted."""
    if row[OUT] != row[HIDDEN]:
        size = n * row[N_OUT]
        last = vector(acts, row[HIDDEN] + (row[STEPS] - 1) * size, size)
        y = vector(acts, row[OUT], size)
        for k in range(size):
            y[k] = last[k]


@kernel
def _take_over(row, n, deltas):
    """The opposite of ``_hand_on``: dh of every step, where only the last one has one."""
    if row[OUT] != row[HIDDEN]:
        size = n * row[N_OUT]
        clear(vector(deltas, row[HIDDEN], (row[STEPS] - 1) * size))
        last = vector(deltas, row[HIDDEN] + (row[STEPS] - 1) * size, size)
        dy = vector(deltas, row[OUT], size)
        for k in range(size):
            last[k] = dy[k]


@operation
def rnn_backward(row, n, params, grads, acts, deltas, scalars):
    """da = dh f'(a), dh_prev += W^T da, from the last step to the first; dW = sum da h_prev^T, dU, db, dx"""
    T, N, H = row[STEPS], row[N_IN], row[N_OUT]
    W = matrix(params, row[PARAM], H, H)
    U = matrix(params, row[PARAM] + H * H, H, N)
    _through_time(row, n, W, acts, deltas)
    x = matrix(acts, row[IN], T * n, N)
    da = matrix(deltas, row[HIDDEN], T * n, H)
    first = 0 if row[CARRIED] else 1  # a state of zeros adds nothing
    rows = (T - first) * n
    h_prev = matrix(acts, row[HIDDEN] + (first - 1) * n * H, rows, H)
    dW = matrix(grads, row[PARAM], H, H)
    if rows > 0:
        np.dot(matrix(deltas, row[HIDDEN] + first * n * H, rows, H).T, h_prev, dW)
    else:
        clear(vector(grads, row[PARAM], H * H))
    np.dot(da.T, x, matrix(grads, row[PARAM] + H * H, H, N))
    db = vector(grads, row[PARAM] + H * H + H * N, H)
    clear(db)
    add_samples(H, T * n, db.dtype.type(1), pointer(db, 0), pointer(da, 0))
    if row[NEEDS_DX]:
        np.dot(da, U, matrix(deltas, row[IN], T * n, N))


@kernel
def _through_time(row, n, W, acts, deltas):
    """da of every step, where dh stood; W^T da by BLAS."""
    T, H, block = row[STEPS], row[N_OUT], n * row[N_OUT]
    lengths = vector(acts, row[LENGTHS], n)
    _take_over(row, n, deltas)
    running = 0
    for t in range(T - 1, -1, -1):
        while running < n and lengths[running] > t:
            running += 1
        here = row[HIDDEN] + t * block
        dh_prev = vector(deltas, here - block, block)
        _let_through(vector(deltas, here + running * H, block - running * H), dh_prev, running * H)
        activation_backward(row[ACTIVATION], vector(acts, here, running * H), vector(deltas, here, running * H))
        if t > 0 and running > 0 and (row[TRUNCATE] == 0 or t % row[TRUNCATE] != 0):
            np.dot(matrix(deltas, here, running, H), W, matrix(deltas, row[AUX], running, H))
            Wda = vector(deltas, row[AUX], running * H)
            for k in range(running * H):
                dh_prev[k] += Wda[k]


@kernel
def _let_through(dh, dh_prev, first):
    """Sequences that are over: their state was kept, so its gradient is, and the step itself gets none."""
    for k in range(dh.size):
        dh_prev[first + k] += dh[k]
        dh[k] = 0


@operation
def rnn_forward_one(row, n, params, grads, acts, deltas, scalars):
    """a = b + W h_prev + U x, h = f(a), step after step, for one sequence after the other"""
    T, H = row[STEPS], row[N_OUT]
    W = matrix(params, row[PARAM], H, H)
    W_columns = shift(acts, row[COLUMNWISE])
    if H <= FEW_STATES:
        transpose(H, H, W_columns, pointer(W, 0))
    _inputs_one(row, n, params, acts)
    lengths = vector(acts, row[LENGTHS], n)
    for s in range(n):
        for t in range(T):
            here, before = row[HIDDEN] + (t * n + s) * H, row[HIDDEN] + ((t - 1) * n + s) * H
            h, h_prev = vector(acts, here, H), vector(acts, before, H)
            if t >= lengths[s]:
                for i in range(H):
                    h[i] = h_prev[i]
                continue
            if t > 0 or row[CARRIED]:
                if H <= FEW_STATES:
                    add_vector_product(H, H, shift(acts, here), shift(acts, before), 1, W_columns)
                else:
                    affine(W, h, h_prev, h)
            activate(row[ACTIVATION], h)
    _hand_on(row, n, acts)


@kernel
def _inputs_one(row, n, params, acts):
    """b + U x of every step, where the states will stand."""
    N, H, rows = row[N_IN], row[N_OUT], row[STEPS] * n
    U, b = shift(params, row[PARAM] + H * H), shift(params, row[PARAM] + H * H + H * N)
    x, h = shift(acts, row[IN]), shift(acts, row[HIDDEN])
    if N >= FEW_INPUTS:
        affine_of_all(H, N, rows, U, b, x, h)
        return
    U_columns = shift(acts, row[COLUMNWISE] + H * H)
    transpose(H, N, U_columns, U)
    product(rows, H, N, vector(b, 0, 1).dtype.type(1), h, b, 0, x, N, 1, U_columns)


@kernel
def _through_time_one(row, params, acts, deltas):
    """da of every step of one sequence, where dh stood."""
    T, H, kind = row[STEPS], row[N_OUT], row[ACTIVATION]
    W, h, d = shift(params, row[PARAM]), shift(acts, row[HIDDEN]), shift(deltas, row[HIDDEN])
    length = int(vector(acts, row[LENGTHS], 1)[0])
    _take_over(row, 1, deltas)
    for t in range(T - 1, length - 1, -1):
        before = shift(deltas, row[HIDDEN] + (t - 1) * H)
        _let_through(vector(d, t * H, H), vector(before, 0, H), 0)
    for t in range(length - 1, -1, -1):
        here, after = shift(d, t * H), shift(d, (t + 1) * H)
        flows = t + 1 < length and (row[TRUNCATE] == 0 or (t + 1) % row[TRUNCATE] != 0)
        if H * H <= NEAR:
            send_back_through(kind, H, H if flows else 0, here, shift(h, t * H), after, W)
            continue
        if flows:
            add_combination(H, H, W, after, here)
        activation_backward(kind, vector(h, t * H, H), vector(here, 0, H))


@kernel
def _step_one(row, weights, acts, deltas, scale):
    """W <- W + scale sum da h_prev^T, U <- U + scale sum da x^T, b <- b + scale sum da, in ``weights``"""
    T, N, H = row[STEPS], row[N_IN], row[N_OUT]
    W = shift(weights, row[PARAM])
    U = shift(W, H * H)
    x, da = shift(acts, row[IN]), shift(deltas, row[HIDDEN])
    add_outer(H, H, T, scale, W, da, shift(acts, row[HIDDEN] - H))
    if N < FEW_INPUTS:
        add_narrow_product(H, N, T, scale, U, da, x)
    else:
        add_outer(H, N, T, scale, U, da, x)
    add_samples(H, T, scale, shift(U, H * N), da)


@kernel
def _send_to_inputs(row, params, deltas):
    """dx = U^T da of every step of one sequence."""
    T, N, H = row[STEPS], row[N_IN], row[N_OUT]
    U = shift(params, row[PARAM] + H * H)
    send_back(H, N, T, U, shift(deltas, row[HIDDEN]), shift(deltas, row[IN]))


@operation
def rnn_backward_one(row, n, params, grads, acts, deltas, scalars):
    """da = dh f'(a), dh_prev += W^T da; dW = sum da h_prev^T, dU = sum da x^T, db = sum da, dx, for one sequence"""
    N, H = row[N_IN], row[N_OUT]
    _through_time_one(row, params, acts, deltas)
    every = vector(grads, row[PARAM], H * H + H * N + H)
    clear(every)
    _step_one(row, grads, acts, deltas, every.dtype.type(1))
    if row[NEEDS_DX]:
        _send_to_inputs(row, params, deltas)


@operation
def rnn_backward_sgd(row, n, params, grads, acts, deltas, scalars):
    """The same for plain SGD: the step is taken at once, and no gradient of the weights is stored"""
    _through_time_one(row, params, acts, deltas)
    if row[NEEDS_DX]:
        _send_to_inputs(row, params, deltas)
    _step_one(row, params, acts, deltas, -vector(scalars, LEARNING_RATE, 1)[0])
