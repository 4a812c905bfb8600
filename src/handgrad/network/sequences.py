"""Sequences and images behind the public face: rows of samples, arrays (steps, features, batch) and (channels, height,
width, batch), and steps taken as samples.

To a layer that works on each step alone, and to a loss, every step of every sequence is a sample of its own: a column.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from handgrad.errors import InputError, not_finite, wrong_dtype, wrong_shape
from handgrad.layers._types import Array
from handgrad.network.engine import Orders
from handgrad.network.layers import Layer, Shape, TimeLayer, features, steps


def columns(x: Array, shape: Shape) -> Array:
    """Rows ``x`` (samples, numbers) of samples of ``shape`` as (features, batch), (steps, features, batch) or
    (channels, height, width, batch)."""
    if len(shape) == 3:
        return np.moveaxis(x.reshape(len(x), *shape), 0, -1)
    if len(shape) != 2:
        return x.T
    return x.reshape(len(x), steps(shape), features(shape)).transpose(1, 2, 0)


def rows(y: Array) -> Array:
    """The opposite of ``columns``: (samples, numbers), in C order."""
    if y.ndim == 2:
        return np.ascontiguousarray(y.T)
    return np.ascontiguousarray(y.transpose(2, 0, 1)).reshape(y.shape[2], -1)


def fold(y: Array) -> Array:
    """Steps as samples: (steps, features, batch) to (features, steps batch); other arrays as they are."""
    return y if y.ndim != 3 else y.transpose(1, 0, 2).reshape(y.shape[1], -1)


def unfold(a: Array, like: Array) -> Array:
    """The opposite of ``fold``, with the steps and the batch of ``like``."""
    return a if like.ndim != 3 else a.reshape(len(a), len(like), -1).transpose(1, 0, 2)


def as_lengths(lengths: Any, samples: int, input_shape: Shape, prefix: str = "") -> Orders:
    """How many steps of each sample are real: all of them where ``lengths`` is None. InputError for other numbers than
    1 .. T, or where the samples are no sequences."""
    most = steps(input_shape)
    if lengths is None:
        return np.full(samples, most, dtype=np.int64)
    if len(input_shape) != 2:
        raise InputError("lengths were given, but the network's samples are no sequences; leave them out")
    given = np.asarray(lengths)
    if given.dtype.kind not in "iu":
        raise wrong_dtype(f"{prefix}lengths", given.dtype, "whole numbers")
    if given.shape != (samples,):
        raise wrong_shape(f"{prefix}lengths", given.shape, (samples,), "one number per sequence")
    wrong = np.flatnonzero((given < 1) | (given > most))
    if wrong.size:
        at = int(wrong[0])
        raise InputError(f"{prefix}lengths holds {given[at]} in row {at}, expected whole numbers from 1 to {most}")
    return given.astype(np.int64)


def as_states(states: Any, layers: Sequence[Layer], samples: int, dtype: np.dtype[Any]) -> list[tuple[Array, ...]]:
    """The states (samples, units) that the recurrent ``layers`` begin with, a tuple for each: zeros where ``states`` is
    None. InputError where they do not fit."""
    sizes = [layer.state_sizes for layer in layers if isinstance(layer, TimeLayer) and layer.state_sizes]
    if states is None:
        return [tuple(np.zeros((samples, n), dtype) for n in each) for each in sizes]
    if len(states) != len(sizes):
        raise InputError(f"{len(states)} states were given, expected {len(sizes)}, one for each recurrent layer")
    found = []
    for i, (given, each) in enumerate(zip(states, sizes, strict=True)):
        if len(each) > 1 and (not isinstance(given, (tuple, list)) or len(given) != len(each)):
            raise InputError(f"state {i} is not a pair, expected the state h and the cell c of an LSTM")
        names = (f"state {i}",) if len(each) == 1 else (f"h of state {i}", f"c of state {i}")
        arrays = (given,) if len(each) == 1 else given
        found.append(
            tuple(_state(name, a, (samples, n), dtype) for name, a, n in zip(names, arrays, each, strict=True))
        )
    return found


def _state(name: str, given: Any, shape: Shape, dtype: np.dtype[Any]) -> Array:
    """One array of states. InputError where it does not fit."""
    array: Array = np.ascontiguousarray(given, dtype=dtype)
    if array.shape != shape:
        raise wrong_shape(name, array.shape, shape, "one row per sequence")
    if not np.isfinite(array).all():
        row, unit = (int(k) for k in np.argwhere(~np.isfinite(array))[0])
        raise not_finite(name, row, unit, float(array[row, unit]), "begin with finite states")
    return array


def without_padding(array: Array, lengths: Orders, shape: Shape) -> Array:
    """Rows ``array`` (samples, numbers) of samples of ``shape`` with zeros in the padding, whatever stood there."""
    if len(shape) != 2 or (lengths == shape[0]).all():
        return array
    real = np.arange(shape[0]) < lengths[:, None]
    return np.where(np.repeat(real, features(shape), axis=1), array, array.dtype.type(0))
