"""How a few threads work together.

Those that run the same compiled loop meet at a barrier: it spins briefly, then gives the processor away. Or one thread
has work of which others, if they are awake, take parts: it never waits for a part that nobody has begun.
"""

from handgrad.kernels._jit import atomic_add, atomic_load, atomic_store, kernel, yield_processor

# what stands in the int64 array that the threads share
ARRIVED, GENERATION, THREADS, YIELD, ABORT = range(5)
SYNC_SIZE = 64  # more than a cache line, so that nothing else is written beside it

_SPINS = 5000  # a few microseconds: longer than two busy threads differ, shorter than a time slice


@kernel
def barrier(sync):
    """Wait until every thread is here. Returns False where one of them has failed: then all must leave."""
    if sync[THREADS] == 1:
        return True
    generation = atomic_load(sync, GENERATION)
    if atomic_add(sync, ARRIVED, 1) == sync[THREADS] - 1:
        atomic_add(sync, ARRIVED, -sync[THREADS])
        atomic_add(sync, GENERATION, 1)
        return atomic_load(sync, ABORT) == 0
    spins = 0
    while atomic_load(sync, GENERATION) == generation:
        if atomic_load(sync, ABORT) != 0:
            return False
        spins += 1
        if spins > _SPINS:
            yield_processor(sync[YIELD])
    return atomic_load(sync, ABORT) == 0


@kernel
def share_of(size, unit, part, parts):
    """Where a part of ``size`` things begins, and where it ends: they are dealt out in whole units."""
    units = (size + unit - 1) // unit
    return unit * (units * part // parts), min(size, unit * (units * (part + 1) // parts))


# what stands in the int64 array that one thread shares with its helpers, each far from the next
CLAIM, DONE, HELPERS, TEAM_YIELD, AWAKE = 0, 16, 32, 33, 48  # behind AWAKE: a number for each helper, 0 while it sleeps
MOST_HELPERS = 16
TEAM_SIZE = AWAKE + MOST_HELPERS


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
    """Until all that were claimed are finished."""
    spins = 0
    while atomic_load(team, DONE) < parts:
        spins += 1
        if spins > _SPINS:
            yield_processor(team[TEAM_YIELD])
