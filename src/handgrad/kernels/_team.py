"""One thread walks through a program, and others help: of rows that belong together, they take parts.

Nobody waits for a helper that is not there: parts that no one has claimed are worked on by whoever asks for the next,
and only for those that are begun the first thread waits. Who works on a part changes no number.
"""

from handgrad.kernels._jit import atomic_add, atomic_load, atomic_store, call, kernel, pointer, yield_processor
from handgrad.kernels._rows import PER_SAMPLE, TOGETHER

# What stands in the int64 array that all of them share; what is written often stands far apart. From AWAKE on: 0 for
# each helper that sleeps.
CLAIM, DONE, AWAKE = 0, 16, 48
HELPERS, YIELD, ENDED, FAILED = range(32, 36)  # from AWAKE on: 0 for each helper that sleeps
MOST_HELPERS = 16
TEAM_SIZE = AWAKE + MOST_HELPERS

_SPINS = 5000  # a few microseconds: longer than two busy threads differ, shorter than a time slice
# Looks for work, the last thousand with the processor given away in between: about a millisecond. The next
# step, if there is one, is nearer.
PATIENCE = _SPINS + 1000


@kernel
def forward_together(n, table, addresses, params, acts, deltas, scalars, team):
    """Every row's forward operation, from the first to the last; no operation writes gradients. False, and not all is
    done, if a helper has failed."""
    r = 0
    while r < addresses.shape[0]:
        count = max(1, table[r, TOGETHER])
        if count == 1 or team[HELPERS] == 0:
            for each in range(r, r + count):
                _run(each, n, table, addresses, params, acts, deltas, scalars)
        else:
            offer(team, r, count)
            while _take_part(n, table, addresses, params, acts, deltas, scalars, team):
                pass
            if not wait_for_parts(team, count):
                return False
        r += count
    return True


@kernel
def help_forward(helper, patience, n, table, addresses, params, acts, deltas, scalars, team):
    """What a helper does, until so many looks for work were in vain (0: for ever), or the team is no more."""
    idle = 0
    while atomic_load(team, ENDED) == 0 and (patience == 0 or idle < patience):
        worked = _take_part(n, table, addresses, params, acts, deltas, scalars, team)
        idle = 0 if worked else idle + 1
        if idle > _SPINS:
            yield_processor(team[YIELD])
    atomic_store(team, AWAKE + helper, 0)


@kernel
def _run(r, n, table, addresses, params, acts, deltas, scalars):
    data = (pointer(params, 0), pointer(acts, 0), pointer(deltas, 0), pointer(scalars, 0))
    samples = n * table[r, PER_SAMPLE]
    call(addresses[r, 0], pointer(table, r), samples, data[0], data[0], data[1], data[2], data[3])


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
def offer(team, work, parts):
    """Open ``work``, a number, to the helpers. A claim holds the work, how many parts it has, and the next of them."""
    atomic_store(team, DONE, 0)
    atomic_store(team, CLAIM, (work << 32) + (parts << 16))


@kernel
def claim(team):
    """The next part of the work on offer, as ``work`` and part; a negative part where there is none left."""
    seen = atomic_load(team, CLAIM)
    if (seen & 0xFFFF) >= ((seen >> 16) & 0xFFFF):
        return 0, -1
    taken = atomic_add(team, CLAIM, 1)  # by now it may be of other work, which is as good
    part = taken & 0xFFFF
    return taken >> 32, part if part < ((taken >> 16) & 0xFFFF) else -1


@kernel
def part_done(team):
    """Say that a claimed part is finished."""
    atomic_add(team, DONE, 1)


@kernel
def wait_for_parts(team, parts):
    """Until all that were claimed are finished. False if a helper has failed: its part will never be."""
    spins = 0
    while atomic_load(team, DONE) < parts:
        if atomic_load(team, FAILED) != 0:
            return False
        spins += 1
        if spins > _SPINS:
            yield_processor(team[YIELD])
    return True
