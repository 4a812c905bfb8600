"""Gradient clipping. Equations: ``training/clipping.py``."""

import numpy as np

from handgrad.kernels._jit import kernel
from handgrad.kernels._threads import barrier


@kernel
def clip_by_value(g, start, stop, c):
    """g <- max(-c, min(c, g)), in place on a slice; NaN stays NaN."""
    bound = g.dtype.type(c)
    for i in range(start, stop):
        gi = bound if g[i] > bound else g[i]
        g[i] = -bound if gi < -bound else gi


@kernel
def shortening(g, c):
    """min(1, c / |g|), what every entry is to be multiplied by; every thread finds the same number."""
    total = 0.0
    for i in range(g.size):
        total += np.float64(g[i]) * np.float64(g[i])
    norm = np.sqrt(total)
    return c / norm if norm > c else 1.0


@kernel
def scale(g, start, stop, factor):
    """g <- factor g, in place on a slice."""
    small = g.dtype.type(factor)
    for i in range(start, stop):
        g[i] *= small


@kernel
def clip(g, bounds, start, stop, sync):
    """Clip a thread's slice of the gradient. Returns False where another thread has failed."""
    if bounds[0] > 0:
        clip_by_value(g, start, stop, bounds[0])
    if bounds[1] > 0:
        if not barrier(sync):  # until the whole gradient is there
            return False
        factor = shortening(g, bounds[1])
        if not barrier(sync):  # until everybody has measured it
            return False
        if factor != 1:
            scale(g, start, stop, factor)
    return True
