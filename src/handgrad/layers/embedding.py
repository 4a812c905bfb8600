"""Embedding: a row of numbers for every token, learned like any other weight.

    x_{t,n} = E^T onehot(s_{t,n}) = row s_{t,n} of E,        dE_v = sum of dx_{t,n} over all t, n with s_{t,n} = v

s_{t,n} is the token at step t of sequence n. A token that occurs more than once, in a sequence or in the batch,
collects the gradients of all its occurrences; a row whose token does not occur gets 0. Tokens have no gradient.

Sequences of different length: ``lengths`` says how many steps of each sequence are real. Behind the end of a sequence x
is 0 and nothing is collected; what stands there, out of range included, is never looked up.

Source: Bengio, Ducharme, Vincent and Jauvin (2003), A neural probabilistic language model, section 2.

Shapes: E (V, M), tokens (T, B) from 0 to V - 1, x (T, M, B), lengths (B,) from 1 to T.
"""

from typing import Any, NamedTuple

import numpy as np

from handgrad.layers._types import Array
from handgrad.layers.rnn import Lengths

Tokens = np.ndarray[Any, np.dtype[np.integer[Any]]]


class EmbeddingParams(NamedTuple):
    """E (V, M): row v is the embedding of token v."""

    E: Array


class EmbeddingCache(NamedTuple):
    """tokens (T, B): 0 in the padding. real (T, 1, B): where a step is no padding."""

    tokens: Tokens
    real: np.ndarray[Any, np.dtype[np.bool_]]


def embedding_forward(
    params: EmbeddingParams, tokens: Tokens, lengths: Lengths | None = None
) -> tuple[Array, EmbeddingCache]:
    """``x`` (T, M, B) of ``tokens`` (T, B), whole numbers from 0 to V - 1."""
    (E,) = params
    T, B = tokens.shape
    ends = np.full(B, T) if lengths is None else lengths
    real = np.arange(T)[:, None, None] < ends
    tokens = np.where(real[:, 0], tokens, 0)
    x = np.empty((T, E.shape[1], B), E.dtype)
    for t in range(T):
        # 1
        x[t] = np.where(real[t], E[tokens[t]].T, 0)
    return x, EmbeddingCache(tokens, real)


def embedding_backward(params: EmbeddingParams, cache: EmbeddingCache, dx: Array) -> EmbeddingParams:
    """From ``dx`` (T, M, B) to ``dE`` (V, M), summed over all occurrences of each token."""
    (E,) = params
    tokens, real = cache
    dE = np.zeros_like(E)
    for t in range(len(tokens)):
        # 1: x[t] = np.where(real[t], E[tokens[t]].T, 0)
        np.add.at(dE, tokens[t], np.where(real[t], dx[t], 0).T)  # dE[tokens[t]] += keeps one term of each token
    return EmbeddingParams(dE)
