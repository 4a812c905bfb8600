"""Dropout. Equations: ``layers/dropout.py``; which numbers are kept: ``network/masks.py``.

A mask is never stored: whether a number is kept follows from the sequence's key, the layer and the number's place, by
counting and mixing 32 bits, forward and backward alike. A key of zeros keeps everything (gradients, not training).
"""

from handgrad.kernels._jit import kernel, operation, vector
from handgrad.kernels._rows import IN, KEYS, LAYER, N_IN, OUT, SCALAR, STEPS

_WORD = 0xFFFFFFFF
_SPREAD = 0x9E3779B9  # 2^32 over the golden ratio: neighbours land far apart


@kernel
def mix(x):
    """A bijection of 32-bit numbers in which every bit of the result depends on every bit of ``x``."""
    x = ((x ^ (x >> 16)) * 0x7FEB352D) & _WORD
    x = ((x ^ (x >> 15)) * 0x846CA68B) & _WORD
    return x ^ (x >> 16)


@kernel
def key(seed, step, sample):
    """Two numbers below 2^24, the first odd, for the masks of one sample in one step of training; zeros in no step."""
    seed, step, sample = int(seed), int(step), int(sample)
    if step == 0:
        return 0, 0
    x = mix((mix(seed & _WORD) ^ (seed >> 32)) & _WORD)
    x = mix((x + step * _SPREAD) & _WORD)
    x = mix((x + sample * _SPREAD) & _WORD)
    return (x >> 8) | 1, mix((x + _SPREAD) & _WORD) >> 8


@operation
def dropout_forward(row, n, params, grads, acts, deltas, scalars):
    """y = x m / (1 - rate)"""
    _drop(row, n, acts, acts, row[IN], row[OUT], scalars)


@operation
def dropout_backward(row, n, params, grads, acts, deltas, scalars):
    """dx = dy m / (1 - rate)"""
    _drop(row, n, acts, deltas, row[OUT], row[IN], scalars)


@kernel
def _drop(row, n, acts, data, source, target, scalars):
    """The same for x and for dy: numbers of ``data`` from ``source`` to ``target``, with the masks of n sequences."""
    M, T = int(row[N_IN]), row[STEPS]
    rates = vector(scalars, row[SCALAR], 1)
    rate, zero, one = rates[0], rates.dtype.type(0), rates.dtype.type(1)
    keys = vector(acts, row[KEYS], 2 * n)
    for s in range(n):
        first, second = int(keys[s]), int(keys[n + s])
        fewest = int(rate * 4294967296.0) if first > 0 else 0
        grown = one / (one - rate) if first > 0 else one
        other = mix((second + int(row[LAYER]) * _SPREAD) & _WORD)
        for t in range(T):
            at = (t * n + s) * M
            x, y = vector(data, source + at, M), vector(data, target + at, M)
            start = first * 256 + t * M
            for j in range(M):
                y[j] = x[j] * grown if mix(mix((start + j) & _WORD) ^ other) >= fewest else zero
