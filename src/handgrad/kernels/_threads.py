"""A barrier for a few threads that run the same compiled loop (SPMD): spins briefly, then gives the processor away."""

from handgrad.kernels._jit import atomic_add, atomic_load, kernel, yield_processor

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
