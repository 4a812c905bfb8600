"""Which numbers dropout keeps: a function of seed, step of training, sample, layer and the number's place.

Nothing is drawn one after the other, so the masks do not depend on threads, on shards, or on where training went on.
32-bit numbers are counted up and mixed (a bijection whose every output bit depends on every input bit, with the
constants of Wellons' search, 2018); the kernel ``kernels/dropout.py`` does the same.
"""

from typing import Any

import numpy as np

from handgrad.layers._types import Array

_WORD = np.uint64(0xFFFFFFFF)
_SPREAD = 0x9E3779B9
Words = np.ndarray[Any, np.dtype[np.uint64]]


def _mix(x: Any) -> Words:
    x = np.asarray(x, dtype=np.uint64)
    x = ((x ^ (x >> np.uint64(16))) * np.uint64(0x7FEB352D)) & _WORD
    x = ((x ^ (x >> np.uint64(15))) * np.uint64(0x846CA68B)) & _WORD
    mixed: Words = x ^ (x >> np.uint64(16))
    return mixed


def keys(seed: int, step: int, samples: Any) -> tuple[Words, Words]:
    """Two numbers for each of ``samples``, the numbers of rows of the training data, in one step of training."""
    word, spread = int(_WORD), np.uint64(_SPREAD)
    start = _mix((int(_mix(seed & word)) ^ (seed >> 32)) & word)
    start = _mix((int(start) + step * _SPREAD) & word)
    x = _mix((start + np.asarray(samples, dtype=np.uint64) * spread) & _WORD)
    return (x >> np.uint64(8)) | np.uint64(1), _mix((x + spread) & _WORD) >> np.uint64(8)


def keep_mask(pair: tuple[Words, Words], layer: int, size: tuple[int, int], rate: float, dtype: Any) -> Array:
    """1 where a number is kept, else 0: (steps, features, samples), for samples with these ``keys`` and of this
    ``size`` (steps, features)."""
    first, second = pair
    other = _mix((second + np.uint64(layer * _SPREAD)) & _WORD)
    place = np.arange(size[0] * size[1], dtype=np.uint64).reshape(*size, 1)
    drawn = _mix(_mix((first * np.uint64(256) + place) & _WORD) ^ other)
    fewest = int(np.asarray(rate, dtype) * 4294967296.0)
    mask: Array = (drawn >= np.uint64(fewest)).astype(dtype)
    return mask
