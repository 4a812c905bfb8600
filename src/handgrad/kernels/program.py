"""The interpreter: walks a program's table down for forward and up for backward, whole epochs at a call.

One compilation serves every network: what a row does is machine code at an address (``_jit.call``). Three loops:
``run_forward`` for prediction, ``train_online`` for plain SGD one sample at a time (the step is taken inside the
backward pass), ``train_batches`` for everything else, with threads over the shards of a batch.
"""

import numpy as np

from handgrad.kernels._gather import (
    LAST_AT,
    LOSS_AT,
    PENALTY_AT,
    T_STEPS,
    X_AT,
    count,
    gather,
    gather_one,
)
from handgrad.kernels._jit import call, kernel, pointer
from handgrad.kernels._program_types import BATCH, FINITE, FIRST_STEP, PER_SHARD, SEED, UPDATE_AT
from handgrad.kernels._rows import COLUMNS, LEARNING_RATE, PER_SAMPLE, ROUND
from handgrad.kernels._team import HELPERS, forward_together
from handgrad.kernels._threads import THREADS, barrier, share_of
from handgrad.kernels._tiles import shift
from handgrad.kernels.clipping import clip


@kernel
def _pointers(memory, k, thread):
    """The flat arrays of shard ``k`` as the operations take them, in the workspace of a thread."""
    return (
        pointer(memory.params, 0),
        pointer(memory.grads, k),
        pointer(memory.acts, thread),
        pointer(memory.deltas, thread),
        pointer(memory.scalars, k),
    )


@kernel
def _samples(table, r, n):
    """How many samples row ``r`` is told of: steps of sequences count, and images come in whole blocks."""
    return (n * table[r, PER_SAMPLE] + table[r, ROUND]) & ~table[r, ROUND]


@kernel
def _forward(code, arrays, n):
    """Every row's forward operation, from the first to the last."""
    params, grads, acts, deltas, scalars = arrays
    for r in range(code.addresses.shape[0]):
        samples = _samples(code.table, r, n)
        call(code.addresses[r, 0], pointer(code.table, r), samples, params, grads, acts, deltas, scalars)


@kernel
def _backward(code, arrays, n):
    """Every row's backward operation, from the last to the first."""
    params, grads, acts, deltas, scalars = arrays
    for r in range(code.addresses.shape[0] - 1, -1, -1):
        samples = _samples(code.table, r, n)
        call(code.addresses[r, 1], pointer(code.table, r), samples, params, grads, acts, deltas, scalars)


@kernel
def _decay(code, memory):
    """Add weight decay's gradient to the first shard's; returns the penalty."""
    params, grads, acts, deltas, scalars = _pointers(memory, 0, 0)
    penalty = 0.0
    for r in range(code.decay.shape[0]):
        for direction in range(2):
            row, at = pointer(code.decay, r), code.decay_addresses[r, direction]
            call(at, row, 1, params, grads, acts, deltas, scalars)
        penalty += memory.acts[0, code.places[PENALTY_AT]]
    return penalty


@kernel
def _keep_if_finite(memory, loss):
    """Remember the parameters, if they and the epoch's loss are finite. Returns whether they are."""
    zero = memory.params.dtype.type(0)
    witness = zero
    for i in range(memory.params.size):
        witness += zero * memory.params[i]  # infinity and NaN make it NaN; unlike an early exit, this vectorizes
    if not np.isfinite(loss) or not np.isfinite(witness):
        return False
    for i in range(memory.params.size):  # as a slice assignment this alone would take Numba two seconds to compile
        memory.kept[i] = memory.params[i]
    return True


@kernel
def run_forward(thread, threads, code, memory, data, order, capacity, outputs, losses):
    """Outputs and losses of every sample, in ``order``, ``capacity`` at a time, which threads take in turn."""
    last_at, loss_at, steps = code.places[LAST_AT], code.places[LOSS_AT], code.places[T_STEPS]
    samples, width = data.x.shape[0], outputs.shape[1] // code.places[T_STEPS]
    one = memory.params.dtype.type(1)
    for first in range(thread * capacity, samples, threads * capacity):
        n = min(capacity, samples - first)
        gather(data, code, thread, order, memory, first, n, one, 0, 0)
        _forward(code, _pointers(memory, 0, thread), n)
        for s in range(n):
            i = order[first + s]
            losses[i] = 0
            for step in range(steps):
                for j in range(width):
                    outputs[i, step * width + j] = memory.acts[thread, last_at + (step * n + s) * width + j]
                if step < data.lengths[i]:
                    losses[i] += memory.acts[thread, loss_at + step * n + s]


@kernel
def run_one(table, addresses, places, params, acts, deltas, scalars, x, y):
    """Outputs ``y`` of one sample ``x``, by forward operations at ``addresses``. False where ``x`` is not finite.

    Plain arrays, and no more than are needed: handing over all of ``Code`` and ``Memory`` takes longer than the
    operations of a small network.
    """
    finite, beyond = 0, x.dtype.type(np.inf)
    x_at, last_at = places[X_AT], places[LAST_AT]
    for j in range(x.size):
        acts[x_at + j] = x[j]
        finite += abs(x[j]) < beyond  # unlike an early exit, this vectorizes
    if finite < x.size:
        return False
    row, data = pointer(table, 0), (pointer(params, 0), pointer(acts, 0), pointer(deltas, 0), pointer(scalars, 0))
    for r in range(addresses.size):
        call(addresses[r], shift(row, r * COLUMNS), table[r, PER_SAMPLE], data[0], data[0], data[1], data[2], data[3])
    for j in range(y.size):
        y[j] = acts[last_at + j]
    return True


@kernel
def train_online(code, memory, data, plan, team):
    """Plain SGD, one sample at a time. Returns how many epochs ended finite. ``team``: see ``_team.py``."""
    loss_at, steps = code.places[LOSS_AT], code.places[T_STEPS]
    samples = plan.orders.shape[1]
    arrays = _pointers(memory, 0, 0)
    acts, deltas, scalars = memory.acts[0], memory.deltas[0], memory.scalars[0]
    number = plan.integers[FIRST_STEP]
    for e in range(plan.orders.shape[0]):
        total = plan.losses[e]
        for k in range(samples):
            memory.scalars[0, LEARNING_RATE] = plan.rates[e, k]
            number += 1
            gather_one(data, code.places, plan.orders[e, k], memory.acts, memory.deltas, plan.integers[SEED], number)
            if team[HELPERS] == 0:
                _forward(code, arrays, 1)
            elif not forward_together(1, code.table, code.addresses, memory.params, acts, deltas, scalars, team):
                return e
            counted = count(data, code.places, plan.orders[e], k, 1)
            for step in range(steps):
                total += memory.acts[0, loss_at + step] * memory.deltas[0, loss_at + step] * counted
            _backward(code, arrays, 1)
        plan.losses[e] = total
        if not _keep_if_finite(memory, plan.losses[e]):
            return e
    return plan.orders.shape[0]


@kernel
def _shard(thread, code, memory, data, plan, k, order, first, n, divisor, step):
    """Forward and backward of one shard of a batch; its gradient and its summed loss stay in its own place."""
    loss_at = code.places[LOSS_AT]
    total = 0.0
    if n > 0:
        arrays = _pointers(memory, k, thread)
        gather(data, code, thread, order, memory, first, n, divisor, plan.integers[SEED], step)
        _forward(code, arrays, n)
        for s in range(n * code.places[T_STEPS]):
            total += memory.acts[thread, loss_at + s] * np.float64(memory.deltas[thread, loss_at + s])
        _backward(code, arrays, n)
    plan.shard_losses[k] = total


@kernel
def _reduce(grads, shards, start, stop):
    """Add the shards' gradients, always in the same order, into the first."""
    for k in range(1, shards):
        for i in range(start, stop):
            grads[0, i] += grads[k, i]


@kernel
def train_batches(thread, code, memory, data, plan, sync):
    """Train on batches; every thread runs this. Returns how many epochs ended finite, -1 if another thread failed.

    Shards are dealt out to the threads, then every thread adds up and updates its own slice of the parameters. Which
    numbers are added in which order depends on the batch alone, so the result does not depend on the threads.
    """
    threads = sync[THREADS]
    batch, per_shard = plan.integers[BATCH], plan.integers[PER_SHARD]
    P = memory.params.size
    start, stop = share_of(P, 64, thread, threads)  # no vector of a loop is cut, whatever the threads
    epochs, samples = plan.orders.shape
    hyper = plan.hyper.copy()
    step = plan.integers[FIRST_STEP]
    for e in range(epochs):
        total, penalty = plan.losses[e], 0.0
        for first in range(0, samples, batch):
            n = min(batch, samples - first)
            shards = (n + per_shard - 1) // per_shard
            counted = count(data, code.places, plan.orders[e], first, n)
            divisor = memory.params.dtype.type(counted)
            drawn = step + 1 if plan.integers[UPDATE_AT] >= 0 else 0
            for k in range(thread, shards, threads):
                inside = min(per_shard, n - k * per_shard)
                _shard(
                    thread, code, memory, data, plan, k, plan.orders[e], first + k * per_shard, inside, divisor, drawn
                )
                if k == 0:
                    penalty = _decay(code, memory)
            if not barrier(sync):
                return -1
            for k in range(shards):
                total += plan.shard_losses[k] * counted
            _reduce(memory.grads, shards, start, stop)
            if not clip(memory.grads[0], plan.clipping, start, stop, sync):
                return -1
            step += 1
            if plan.integers[UPDATE_AT] >= 0:
                hyper[0] = plan.rates[e, first // batch]
                call(
                    plan.integers[UPDATE_AT],
                    start,
                    stop,
                    P,
                    step,
                    pointer(hyper, 0),
                    pointer(memory.params, 0),
                    pointer(memory.grads, 0),
                    pointer(memory.state, 0),
                )
            if not barrier(sync):
                return -1
        if thread == 0:
            plan.losses[e] = total
            plan.penalties[e] = penalty
            plan.integers[FINITE] = _keep_if_finite(memory, plan.losses[e] + penalty)
        if not barrier(sync):
            return -1
        if not plan.integers[FINITE]:
            return e
    return epochs
