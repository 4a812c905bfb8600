"""What counting alone knows of poems: the frequency of characters, and of pairs of them. A language model has to be
better than both.

Pairs by Witten and Bell's method (1991, The zero-frequency problem; method C): behind a context h that was seen N(h)
times with T(h) different followers,

    p(w | h) = (c(h, w) + T(h) p(w)) / (N(h) + T(h))

and p(w) likewise from the frequencies, with all entries equally likely behind them.
"""

from typing import Any, NamedTuple

import numpy as np

from handgrad.data.vocabulary import PAD, START, Sequences

Array = np.ndarray[Any, np.dtype[Any]]


class Baselines(NamedTuple):
    """Cross-entropy of the test poems, in nats per token."""

    unigram: float
    bigram: float


def baselines(train: Sequences, test: Sequences, entries: int) -> Baselines:
    """Count in ``train``, measure on ``test``; ``entries``: of the vocabulary."""
    before, after = _pairs(train)
    contexts, targets = _pairs(test)
    counts = np.bincount(after, minlength=entries).astype(np.float64)
    different = np.count_nonzero(counts)
    p = (counts + different / (entries - 2)) / (counts.sum() + different)  # two tags are never to be predicted
    p[[PAD, START]] = 0
    pairs, times = np.unique(before * entries + after, return_counts=True)
    seen = np.bincount(before, minlength=entries)
    followers = np.bincount(pairs // entries, minlength=entries)
    place = np.minimum(np.searchsorted(pairs, contexts * entries + targets), len(pairs) - 1)
    count = np.where(pairs[place] == contexts * entries + targets, times[place], 0)
    total = seen[contexts] + followers[contexts]
    q = np.where(total > 0, (count + followers[contexts] * p[targets]) / np.maximum(total, 1), p[targets])
    return Baselines(float(-np.log(p[targets]).mean()), float(-np.log(q).mean()))


def _pairs(sequences: Sequences) -> tuple[Array, Array]:
    """Every token that is to be predicted, and the one before it, (tokens,) each."""
    real = np.arange(sequences.x.shape[1]) < sequences.lengths[:, None]
    return sequences.x[real].astype(np.int64), sequences.t[real].astype(np.int64)
