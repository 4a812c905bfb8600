"""One step of several sequences after another: the forward operations, and states that stay where they are."""

from handgrad.kernels._jit import call, kernel, pointer
from handgrad.kernels._lstm_cell import copy
from handgrad.kernels._rows import COLUMNS, HIDDEN, N_OUT, PER_SAMPLE, SHIFTS
from handgrad.kernels._tiles import shift


@kernel
def run_step(table, addresses, places, params, acts, deltas, scalars, tokens, y):
    """Outputs ``y`` (n, outputs) for the next ``tokens`` (n,), which must be in range. ``places``: where samples and
    outputs stand in ``acts``."""
    n, row = tokens.size, pointer(table, 0)
    data = (pointer(params, 0), pointer(acts, 0), pointer(deltas, 0), pointer(scalars, 0))
    for s in range(n):
        acts[places[0] + s] = tokens[s]
    for r in range(addresses.size):
        samples = n * table[r, PER_SAMPLE]
        call(addresses[r], shift(row, r * COLUMNS), samples, data[0], data[0], data[1], data[2], data[3])
        if table[r, SHIFTS]:
            size = n * table[r, N_OUT]
            copy(shift(data[1], table[r, HIDDEN]), shift(data[1], table[r, HIDDEN] - size), size)
    copy(shift(data[1], places[1]), pointer(y, 0), y.size)
