"""One step of several sequences after another: the forward operations, and states that stay where they are."""

from handgrad.kernels._jit import kernel, pointer
from handgrad.kernels._lstm_cell import copy
from handgrad.kernels._rows import CELLS, HIDDEN, N_OUT, SHIFTS
from handgrad.kernels._team import forward_together
from handgrad.kernels._tiles import shift


@kernel
def run_step(tokens, most, x_at, table, addresses, params, acts, deltas, scalars, team):
    """What the network says behind the next ``tokens`` (n,), which go to ``x_at`` in ``acts``. Returns whether all of
    them are from 0 to ``most`` - 1; if not, nothing has changed. ``team``: see ``_team.py``; when a helper has failed,
    it says so."""
    n = tokens.size
    for s in range(n):
        if not 0 <= tokens[s] < most:
            return False
    for s in range(n):
        acts[x_at + s] = tokens[s]
    if not forward_together(n, table, addresses, params, acts, deltas, scalars, team):
        return True
    for r in range(addresses.shape[0]):
        _shift_states(pointer(table, r), n, pointer(acts, 0))
    return True


@kernel
def _shift_states(row, n, acts):
    """Copy the states after a step to where those before the next one stand."""
    size = n * row[N_OUT]
    if row[SHIFTS] > 0:
        copy(shift(acts, row[HIDDEN]), shift(acts, row[HIDDEN] - size), size)
    if row[SHIFTS] > 1:
        copy(shift(acts, row[CELLS]), shift(acts, row[CELLS] - size), size)
