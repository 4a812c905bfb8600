"""Copies samples from the training data into a workspace, in the layout that the first operation reads."""

from handgrad.kernels._jit import kernel, pointer, vector
from handgrad.kernels._rows import LANES
from handgrad.kernels.dropout import key

# What ``Code.places`` says: where samples, targets, losses, outputs, penalty and lengths stand in acts; how many steps
# samples and targets have; how many samples lie side by side in an array of images; whether the loss is a mean over
# steps; where the keys of dropout's masks stand, -1 without dropout.
X_AT, T_AT, LOSS_AT, LAST_AT, PENALTY_AT, LENGTHS_AT, X_STEPS, T_STEPS, X_LANES, PER_STEP, KEYS_AT = range(11)


@kernel
def count(data, places, order, first, n):
    """What a batch's loss is the mean over: its samples, or their real steps."""
    if not places[PER_STEP]:
        return n
    total = 0
    for s in range(n):
        total += data.lengths[order[first + s]]
    return total


@kernel
def give_key(places, acts, s, n, seed, step, i):
    """The key of sample ``i`` in a step of training (0: none), where dropout will look for that of sequence s of n."""
    if places[KEYS_AT] >= 0:
        both = vector(acts, places[KEYS_AT], 2 * n)
        both[s], both[n + s] = key(seed, step, i)


@kernel
def gather(data, code, thread, order, memory, first, n, divisor, seed, number):
    """Copy ``n`` samples, from place ``first`` of ``order``, into a workspace, sequences step after step; the losses'
    cotangent is weight / divisor, and 0 in the padding. ``number``: of the step of training, 0 for none."""
    acts, x_steps, t_steps = pointer(memory.acts, thread), code.places[X_STEPS], code.places[T_STEPS]
    dl = vector(pointer(memory.deltas, thread), code.places[LOSS_AT], t_steps * n)
    for s in range(n):
        i = order[first + s]
        if code.places[X_LANES] == 1:
            _spread(data.x, i, acts, code.places[X_AT], s, n, x_steps)
        _spread(data.t, i, acts, code.places[T_AT], s, n, t_steps)
        give_key(code.places, acts, s, n, seed, number, i)
        length = data.lengths[i]
        memory.acts[thread, code.places[LENGTHS_AT] + s] = length
        for step in range(t_steps):
            dl[step * n + s] = data.weights[i] / divisor if step < length else 0
    if code.places[X_LANES] > 1:
        for s in range((n + LANES - 1) // LANES * LANES):
            _interleave(data.x, order[first + min(s, n - 1)], acts, code.places[X_AT], s)


@kernel
def _interleave(rows, i, acts, at, s):
    """Copy row ``i`` to sample ``s`` of an array of images, LANES of which lie side by side."""
    size, lane = rows.shape[1], s % LANES
    row, to = vector(pointer(rows, i), 0, size), vector(acts, at + (s - lane) * size, LANES * size)
    for j in range(size):
        to[j * LANES + lane] = row[j]


@kernel
def _spread(rows, i, acts, at, s, n, steps):
    """Copy row ``i`` to sample ``s`` of an array (steps, n, features) that begins at ``at``."""
    features = rows.shape[1] // steps
    for step in range(steps):
        # views of one row each: indexed as matrices, long copies do not vectorize and take thrice as long
        row = vector(pointer(rows, i), step * features, features)
        to = vector(acts, at + (step * n + s) * features, features)
        for j in range(features):
            to[j] = row[j]


@kernel
def gather_one(data, places, i, acts, deltas, seed, number):
    """The same for sample ``i`` alone: with the few inputs of online training a plain loop is the faster one."""
    x, t, weights, lengths = data
    x_at, t_at, loss_at = places[X_AT], places[T_AT], places[LOSS_AT]
    for j in range(x.shape[1]):
        acts[0, x_at + j] = x[i, j]
    for j in range(t.shape[1]):
        acts[0, t_at + j] = t[i, j]
    acts[0, places[LENGTHS_AT]] = lengths[i]
    give_key(places, pointer(acts, 0), 0, 1, seed, number, i)
    weight = weights[i]
    if places[PER_STEP]:
        weight /= acts[0, places[LENGTHS_AT]]
    for step in range(places[T_STEPS]):
        deltas[0, loss_at + step] = weight if step < lengths[i] else 0
