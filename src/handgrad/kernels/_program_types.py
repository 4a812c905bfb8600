"""What the interpreter is handed: a program, its memory, the training data, and what one call is to do with them."""

from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


class Code(NamedTuple):
    """A compiled program."""

    table: Array  # int64 (rows, COLUMNS): see _rows.py; behind the rows, lists that some of them read
    addresses: Array  # int64 (rows, 2): forward, backward; 0 = nothing to do
    decay: Array  # int64 (rows of weight decay, COLUMNS)
    decay_addresses: Array  # int64 (rows of weight decay, 2)
    places: Array  # int64: see _gather.py


class Memory(NamedTuple):
    """Flat arrays of one dtype. S shards, T threads, A numbers in a workspace, P parameters, K slots of optimizer
    state."""

    params: Array  # (P,)
    grads: Array  # (S, P)
    state: Array  # (K * P,)
    acts: Array  # (T, A): a thread computes one shard after the other in the same place, which stays in its cache
    deltas: Array  # (T, A)
    scalars: Array  # (S, constants): a row per shard, because a fused update writes the learning rate there
    kept: Array  # (P,): the parameters after the last epoch that was finite


class Samples(NamedTuple):
    """Training data: a sample is a row; of a sequence, its steps stand one after the other."""

    x: Array  # (samples, inputs)
    t: Array  # (samples, outputs)
    weights: Array  # (samples,)
    lengths: Array  # int64 (samples,): how many steps are real


class Plan(NamedTuple):
    """What one call does."""

    orders: Array  # int64 (epochs, samples): the order of the samples in each epoch
    rates: Array  # float64 (epochs, steps): the learning rate of every step
    hyper: Array  # float64: the optimizer's numbers; hyper[0] is the learning rate
    integers: Array  # int64: see below
    losses: Array  # float64 (epochs,): the summed data loss of each epoch until now, to which this call adds
    penalties: Array  # float64 (epochs,): result, the weight decay's term at the last step of each epoch
    shard_losses: Array  # float64 (S,): scratch
    clipping: Array  # float64: bounds of the gradient's entries and of its norm, 0 for none


# Plan.integers; FINITE is set at the end of an epoch, and a negative UPDATE_AT says that nothing is trained
BATCH, PER_SHARD, UPDATE_AT, FIRST_STEP, FINITE, SEED = range(6)
