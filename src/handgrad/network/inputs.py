"""The public face's door: what users hand over becomes arrays that the engines can run, or one clear sentence."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from handgrad.errors import InputError, not_finite, out_of_range, wrong_dtype, wrong_shape
from handgrad.layers._types import Array
from handgrad.network.engine import Architecture, Batch, Orders
from handgrad.network.layers import Layer, Shape, features
from handgrad.network.sequences import as_lengths, without_padding
from handgrad.network.tokens import Embedding


def refuse_non_finite(what: str, array: Array, shape: Shape) -> None:
    """Raises InputError that names row and column of the first NaN or infinity in ``array`` (samples, columns), rows of
    samples of ``shape``."""
    if not np.isfinite(array).all():
        row, column = (int(i) for i in np.argwhere(~np.isfinite(array))[0])
        *outer, last = (int(i) for i in np.unravel_index(column, shape))
        names = {2: ("step",), 3: ("channel", "line")}.get(len(shape), ())
        within = [f" of {name} {i}" for name, i in zip(names, outer, strict=True)]
        raise not_finite(what, row, f"{last}{''.join(reversed(within))}", float(array[row, column]))


def as_samples(
    x: Any, input_shape: Shape, dtype: np.dtype[Any], lengths: Any = None, prefix: str = ""
) -> tuple[Array, Orders]:
    """``x`` as a C-ordered array (samples, numbers per sample) of ``dtype``, finite, at least one sample; and how many
    steps of each are real. Images of one channel may come without its axis. The padding may hold anything, and holds
    zeros afterwards.

    Raises InputError for anything else. A number too large for ``dtype`` counts as infinite.
    """
    what = f"{prefix}x"
    try:
        given = np.asarray(x)
    except ValueError:
        hint = "; pad the sequences, and give lengths" if len(input_shape) == 2 else ""
        raise InputError(f"the rows of {what} have different lengths, expected as many numbers in each{hint}") from None
    if given.dtype.kind not in "fiub":
        raise wrong_dtype(what, given.dtype, "real numbers")
    with np.errstate(over="ignore"):
        array = np.ascontiguousarray(given, dtype=dtype)
    if len(input_shape) == 3 and input_shape[0] == 1 and given.shape[1:] == input_shape[1:]:
        given = given[:, None]  # one channel, which need not be said
    if given.ndim != len(input_shape) + 1 or given.shape[1:] != input_shape:
        raise wrong_shape(what, given.shape, ("samples", *input_shape), _hint(given.shape, input_shape))
    if len(given) == 0:
        raise InputError(f"{what} has no samples, expected at least 1")
    ends = as_lengths(lengths, len(given), input_shape, prefix)
    array = without_padding(array.reshape(len(given), -1), ends, input_shape)
    refuse_non_finite(what, array, input_shape)
    return array, ends


def _hint(given: Shape, expected: Shape) -> str:
    """What to do where samples have another shape than the network takes."""
    if len(given) != len(expected) + 1:
        return "one row per sample"
    if len(expected) == 2 and given[2] == expected[1]:
        return "pad shorter sequences and give lengths; for longer ones make a network with more steps"
    return "the network's input_shape decides"


def reads_tokens(layers: Sequence[Layer]) -> int:
    """How many tokens the first layer knows; 0 where it takes other samples."""
    return layers[0].tokens if isinstance(layers[0], Embedding) else 0


def network_samples(net: Architecture, x: Any, lengths: Any = None, prefix: str = "") -> tuple[Array, Orders]:
    """``x`` as the network takes it, rows of numbers or of tokens: see ``as_samples`` and ``as_tokens``."""
    tokens = reads_tokens(net.layers)
    if tokens:
        return as_tokens(f"{prefix}x", x, tokens, net.input_shape, net.dtype, lengths, prefix)
    return as_samples(x, net.input_shape, net.dtype, lengths, prefix)


def as_tokens(
    what: str, x: Any, tokens: int, shape: Shape, dtype: np.dtype[Any], lengths: Any = None, prefix: str = ""
) -> tuple[Array, Orders]:
    """``x`` (samples, steps) of whole numbers from 0 to ``tokens`` - 1 as rows of ``dtype``, in which they are exact,
    and how many steps of each are real. The padding may hold anything, and holds zeros afterwards. InputError
    otherwise."""
    try:
        given = np.asarray(x)
    except ValueError:
        raise InputError(
            f"the rows of {what} have different lengths, expected as many tokens in each; pad them, and give lengths"
        ) from None
    if given.dtype.kind not in "iu":
        raise wrong_dtype(what, given.dtype, f"whole numbers from 0 to {tokens - 1}")
    if given.ndim != 2 or given.shape[1] != shape[0]:
        longer = given.ndim == 2 and given.shape[1] > shape[0]
        hint = "for longer ones make a network with more steps" if longer else "one row of tokens per sample"
        raise wrong_shape(what, given.shape, ("samples", shape[0]), hint)
    if len(given) == 0:
        raise InputError(f"{what} has no samples, expected at least 1")
    ends = as_lengths(lengths, len(given), shape, prefix)
    rows: Array = np.where(np.arange(shape[0]) < ends[:, None], given, 0)
    if rows.min() < 0 or rows.max() >= tokens:
        row, step = (int(i) for i in np.argwhere((rows < 0) | (rows >= tokens))[0])
        raise InputError(f"{what} holds {rows[row, step]} in row {row}, step {step}, expected 0 to {tokens - 1}")
    return np.ascontiguousarray(rows, dtype=dtype), ends


def as_batch(net: Architecture, x: Any, y: Any, weights: Any = None, lengths: Any = None, prefix: str = "") -> Batch:
    """Samples, targets, sample weights and lengths together. Raises InputError where they do not fit each other."""
    samples, ends = network_samples(net, x, lengths, prefix)
    if net.per_token:
        classes = features(net.output_shape)
        targets, _ = as_tokens(f"{prefix}y", y, classes, net.output_shape, net.dtype, _ends(y, ends))
        if len(targets) != len(samples):
            raise _unequal(prefix, samples, targets)
        return Batch(samples, targets, as_weights(weights, len(samples), net.dtype), ends)
    with np.errstate(over="ignore"):
        targets = np.ascontiguousarray(_targets(net, y, ends, prefix), dtype=net.dtype)
    refuse_non_finite(f"{prefix}y", targets, net.output_shape)
    if len(targets) != len(samples):
        raise _unequal(prefix, samples, targets)
    return Batch(samples, targets, as_weights(weights, len(samples), net.dtype), ends)


def _unequal(prefix: str, x: Array, y: Array) -> InputError:
    return InputError(f"{prefix}x has {len(x)} samples and {prefix}y has {len(y)}, expected as many")


def _ends(y: Any, ends: Orders) -> Orders | None:
    """The lengths of the samples, for targets of as many; others will be refused for their number."""
    return ends if np.shape(y)[:1] == ends.shape else None


def _targets(net: Architecture, y: Any, lengths: Orders, prefix: str) -> Array:
    """Rows of targets as the loss reads them: of a sequence, one for each step, (samples, steps ...), zeros in the
    padding."""
    shape = net.output_shape
    if len(shape) != 2:
        return net.loss.targets(y, features(shape))
    given = np.asarray(y)
    if given.shape[:2] != (len(lengths), shape[0]):
        raise wrong_shape(f"{prefix}y", given.shape, (len(lengths), *shape), "targets for every step")
    real = (np.arange(shape[0]) < lengths[:, None]).reshape(*given.shape[:2], *[1] * (given.ndim - 2))
    flat = np.where(real, given, np.zeros((), given.dtype)).reshape(-1, *given.shape[2:])
    return without_padding(net.loss.targets(flat, shape[1]).reshape(len(lengths), -1), lengths, shape)


def as_weights(weights: Any, samples: int, dtype: np.dtype[Any]) -> Array:
    """Sample weights (samples,), ones where none are given. Raises InputError where one is negative or not finite."""
    if weights is None:
        return np.ones(samples, dtype=dtype)
    given = np.asarray(weights)
    if given.dtype.kind not in "fiub":
        raise wrong_dtype("sample_weight", given.dtype, "one real number per sample")
    with np.errstate(over="ignore"):
        array = np.ascontiguousarray(given, dtype=dtype)
    if array.shape != (samples,):
        raise wrong_shape("sample_weight", array.shape, (samples,), "one number per sample")
    wrong = np.flatnonzero(~np.isfinite(array) | (array < 0))
    if wrong.size:
        row = int(wrong[0])
        raise InputError(f"sample_weight holds {array[row]} in row {row}, expected finite numbers of at least 0")
    return array


def split_off(batch: Batch, share: float, seed: int) -> tuple[Batch, Batch]:
    """Training and validation part; ``share`` of the samples, chosen by ``seed``, goes to validation.

    Raises UsageError where ``share`` is not in (0, 1) or leaves one of the parts empty.
    """
    samples = len(batch.x)
    held = round(samples * share) if 0 < share < 1 else 0
    if not 0 < held < samples:
        raise out_of_range("validation_share", share, f"a share in (0, 1) that splits {samples} samples in two")
    order = np.random.default_rng([seed, 1]).permutation(samples)
    return batch.part(np.sort(order[held:])), batch.part(np.sort(order[:held]))
