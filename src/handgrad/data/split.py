"""Chance in the data: independent streams of one seed, and the hold-out of a test share."""

from typing import Any

import numpy as np

from handgrad.errors import InputError, out_of_range

# Keys the streams of this package apart from those that a network's initial weights draw from the same seed: with
# one stream for both, the points and the weights would be the same random bits.
_DATA_KEY = int.from_bytes(b"data", "big")


def data_stream(seed: int, part: int) -> np.random.Generator:
    """The random stream number ``part`` (0, 1, ...) of ``seed``; two parts are independent of each other.

    Part 0 draws training points or a split, part 1 test points; the rest is free for further points.
    Source: numpy.random.SeedSequence, whose ``spawn`` makes children by just such keys.

    Raises ``UsageError``: the seed is not an integer of at least 0.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise out_of_range("seed", repr(seed), "an integer of at least 0")
    return np.random.default_rng(np.random.SeedSequence(int(seed), spawn_key=(_DATA_KEY, part)))


def hold_out(
    labels: np.ndarray[Any, Any], share: float, seed: int
) -> tuple[np.ndarray[Any, np.dtype[np.intp]], np.ndarray[Any, np.dtype[np.intp]]]:
    """Indices (n - m,) of the training samples and (m,) of the test samples, stratified and drawn by ``seed``.

    Of each class in ``labels`` (n,) the ``share`` goes to the test, rounded, but at least one sample, and at least one
    stays for training. Both parts keep the order of the data.

    Raises ``UsageError``: the share does not lie between 0 and 1. ``InputError``: a class has a single sample.
    """
    if not 0 < share < 1:
        raise out_of_range("the test share", share, "a number between 0 and 1")
    random = data_stream(seed, 0)
    in_test = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        if len(members) < 2:
            raise InputError(f"class {label} has 1 sample, expected at least 2, one to train on and one to test on")
        n_test = min(max(round(share * len(members)), 1), len(members) - 1)
        in_test[random.permutation(members)[:n_test]] = True
    return np.flatnonzero(~in_test), np.flatnonzero(in_test)
