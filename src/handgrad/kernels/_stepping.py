"""One step of several sequences after another: the forward operations, and states that stay where they are.

Of a large layer the parts of a step are open to helpers, threads that wait a while for more when they have finished,
since the next step is near, and then sleep. Who works on a part changes no number.
"""

from handgrad.kernels._jit import atomic_store, call, kernel, pointer
from handgrad.kernels._lstm_cell import copy
from handgrad.kernels._rows import CELLS, HIDDEN, N_OUT, PARTS, PER_SAMPLE, SHIFTS
from handgrad.kernels._threads import AWAKE, HELPERS, claim, offer, part_done, wait_for_parts
from handgrad.kernels._tiles import shift

_PATIENCE = 200_000  # looks for work before a helper sleeps, about a tenth of a millisecond


@kernel
def run_step(tokens, most, x_at, table, addresses, params, acts, deltas, scalars, team):
    """What the network says behind the next ``tokens`` (n,), which go to ``x_at`` in ``acts``. Returns whether all of
    them are from 0 to ``most`` - 1; if not, nothing has changed. ``team``: see ``_threads.py``."""
    n, r = tokens.size, 0
    for s in range(n):
        if not 0 <= tokens[s] < most:
            return False
    for s in range(n):
        acts[x_at + s] = tokens[s]
    while r < addresses.size:
        parts = max(1, table[r, PARTS])
        if parts == 1 or team[HELPERS] == 0:
            for each in range(r, r + parts):
                _run(each, n, table, addresses, params, acts, deltas, scalars)
        else:
            offer(team, r, parts)
            while _take_part(n, table, addresses, params, acts, deltas, scalars, team):
                pass
            wait_for_parts(team, parts)
        _shift_states(pointer(table, r), n, pointer(acts, 0))
        r += parts
    return True


@kernel
def help_with_steps(helper, n, table, addresses, params, acts, deltas, scalars, team):
    """What a helper does from when it is woken until there was nothing to do for a while."""
    idle = 0
    while idle < _PATIENCE:
        worked = _take_part(n, table, addresses, params, acts, deltas, scalars, team)
        idle = 0 if worked else idle + 1
    atomic_store(team, AWAKE + helper, 0)


@kernel
def _take_part(n, table, addresses, params, acts, deltas, scalars, team):
    """Work on one part, if one is open. Returns whether there was one."""
    r, part = claim(team)
    if part < 0:
        return False
    _run(r + part, n, table, addresses, params, acts, deltas, scalars)
    part_done(team)
    return True


@kernel
def _run(r, n, table, addresses, params, acts, deltas, scalars):
    data = (pointer(params, 0), pointer(acts, 0), pointer(deltas, 0), pointer(scalars, 0))
    samples = n * table[r, PER_SAMPLE]
    call(addresses[r], pointer(table, r), samples, data[0], data[0], data[1], data[2], data[3])


@kernel
def _shift_states(row, n, acts):
    """Copy the states after a step to where those before the next one stand."""
    size = n * row[N_OUT]
    if row[SHIFTS] > 0:
        copy(shift(acts, row[HIDDEN]), shift(acts, row[HIDDEN] - size), size)
    if row[SHIFTS] > 1:
        copy(shift(acts, row[CELLS]), shift(acts, row[CELLS] - size), size)
