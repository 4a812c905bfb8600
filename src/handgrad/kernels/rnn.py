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
from handgrad.kernels._small import add_product, add_vector_product
from handgrad.kernels._tiles import shift
from handgrad.kernels.dense import add_combination, add_outer, add_samples, affine, clear, send_back


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
    add_samples(db, da, da.dtype.type(1))
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
        _transpose(pointer(W, 0), H, H, W_columns)
    _inputs_one(row, n, params, acts)
    one = W.dtype.type(1)
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
                    add_vector_product(H, H, one, shift(acts, here), shift(acts, before), 1, W_columns)
                else:
                    affine(W, h, h_prev, h)
            activate(row[ACTIVATION], h)
    _hand_on(row, n, acts)


@kernel
def _inputs_one(row, n, params, acts):
    """b + U x of every step, where the states will stand."""
    N, H, rows = row[N_IN], row[N_OUT], row[STEPS] * n
    U_at = shift(params, row[PARAM] + H * H)
    b = vector(params, row[PARAM] + H * H + H * N, H)
    if N >= FEW_INPUTS:
        for k in range(rows):
            affine(matrix(U_at, 0, H, N), b, vector(acts, row[IN] + k * N, N), vector(acts, row[HIDDEN] + k * H, H))
        return
    for k in range(rows):
        h = vector(acts, row[HIDDEN] + k * H, H)
        for i in range(H):
            h[i] = b[i]
    U_columns = shift(acts, row[COLUMNWISE] + H * H)
    _transpose(U_at, H, N, U_columns)
    add_product(rows, H, N, b.dtype.type(1), shift(acts, row[HIDDEN]), shift(acts, row[IN]), N, 1, U_columns)


@kernel
def _transpose(A_at, rows, columns, to):
    """Column after column of A (rows, columns)."""
    A, B = vector(A_at, 0, rows * columns), vector(to, 0, rows * columns)
    for i in range(rows):
        for j in range(columns):
            B[j * rows + i] = A[i * columns + j]


@kernel
def _through_time_one(row, W, acts, deltas):
    """da of every step of one sequence, where dh stood."""
    T, H = row[STEPS], row[N_OUT]
    length = vector(acts, row[LENGTHS], 1)[0]
    _take_over(row, 1, deltas)
    for t in range(T - 1, -1, -1):
        here, before = shift(deltas, row[HIDDEN] + t * H), shift(deltas, row[HIDDEN] + (t - 1) * H)
        dh = vector(here, 0, H)
        if t >= length:
            _let_through(dh, vector(before, 0, H), 0)
            continue
        activation_backward(row[ACTIVATION], vector(acts, row[HIDDEN] + t * H, H), dh)
        if t > 0 and (row[TRUNCATE] == 0 or t % row[TRUNCATE] != 0):
            add_combination(W, here, before)


@kernel
def _step_one(row, W, U, b, acts, deltas, scale):
    """W <- W + scale sum da h_prev^T, U <- U + scale sum da x^T, b <- b + scale sum da"""
    T, N, H = row[STEPS], row[N_IN], row[N_OUT]
    da = matrix(deltas, row[HIDDEN], T, H)
    add_outer(W, matrix(acts, row[HIDDEN] - H, T, H), da, scale)
    if N < FEW_INPUTS:
        sums = matrix(deltas, row[COLUMNWISE], N, H)
        clear(vector(deltas, row[COLUMNWISE], N * H))
        add_product(N, H, T, scale, pointer(sums, 0), shift(acts, row[IN]), 1, N, pointer(da, 0))
        for i in range(H):
            for j in range(N):
                U[i, j] += sums[j, i]
    else:
        add_outer(U, matrix(acts, row[IN], T, N), da, scale)
    add_samples(b, da, scale)


@operation
def rnn_backward_one(row, n, params, grads, acts, deltas, scalars):
    """da = dh f'(a), dh_prev += W^T da; dW = sum da h_prev^T, dU = sum da x^T, db = sum da, dx, for one sequence"""
    N, H = row[N_IN], row[N_OUT]
    U = matrix(params, row[PARAM] + H * H, H, N)
    _through_time_one(row, matrix(params, row[PARAM], H, H), acts, deltas)
    clear(vector(grads, row[PARAM], H * H + H * N + H))
    dW = matrix(grads, row[PARAM], H, H)
    dU = matrix(grads, row[PARAM] + H * H, H, N)
    db = vector(grads, row[PARAM] + H * H + H * N, H)
    _step_one(row, dW, dU, db, acts, deltas, dW.dtype.type(1))
    if row[NEEDS_DX]:
        T = row[STEPS]
        send_back(U, matrix(deltas, row[HIDDEN], T, H), matrix(deltas, row[IN], T, N))


@operation
def rnn_backward_sgd(row, n, params, grads, acts, deltas, scalars):
    """The same for plain SGD: the step is taken at once, and no gradient of the weights is stored"""
    N, H = row[N_IN], row[N_OUT]
    W = matrix(params, row[PARAM], H, H)
    U = matrix(params, row[PARAM] + H * H, H, N)
    b = vector(params, row[PARAM] + H * H + H * N, H)
    _through_time_one(row, W, acts, deltas)
    if row[NEEDS_DX]:
        T = row[STEPS]
        send_back(U, matrix(deltas, row[HIDDEN], T, H), matrix(deltas, row[IN], T, N))
    _step_one(row, W, U, b, acts, deltas, -vector(scalars, LEARNING_RATE, 1)[0])
