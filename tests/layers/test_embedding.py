import numpy as np
import pytest

from handgrad.layers.embedding import EmbeddingParams, embedding_backward, embedding_forward
from helpers import assert_gradient, assert_plumbing, relative_error

LENGTHS = np.array([3, 5, 1])


def problem(T=5, V=4, D=3, B=3, seed=2):
    """More tokens than the vocabulary has, so that some occur often; the last one of the vocabulary never does."""
    rng = np.random.default_rng(seed)
    tokens = rng.integers(0, max(V - 1, 1), (T, B))
    return EmbeddingParams(rng.normal(size=(V, D))), tokens, rng.normal(size=(T, D, B))


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["whole", "lengths"])
def test_gradient(lengths):
    params, tokens, dx = problem()
    x, cache = embedding_forward(params, tokens, lengths)
    assert x.shape == dx.shape
    (dE,) = embedding_backward(params, cache, dx)
    assert_gradient(
        lambda E: float((embedding_forward(EmbeddingParams(E), tokens, lengths)[0] * dx).sum()), params.E, dE
    )


def test_size_one():
    params, tokens, dx = problem(1, 1, 1, 1)
    x, cache = embedding_forward(params, tokens)
    assert x.shape == (1, 1, 1)
    assert np.array_equal(embedding_backward(params, cache, dx).E, dx[0])


def test_each_column_is_the_row_of_its_token():
    params, tokens, _ = problem()
    x, _ = embedding_forward(params, tokens)
    for t, n in np.ndindex(*tokens.shape):
        assert np.array_equal(x[t, :, n], params.E[tokens[t, n]])


def test_a_repeated_token_collects_from_all_its_places():
    """Within a step (the batch) and over the steps; the row of a token that does not occur stays 0."""
    params, _, dx = problem(3, 4, 3, 3)
    tokens = np.array([[1, 1, 2], [1, 0, 1], [2, 2, 2]])
    (dE,) = embedding_backward(params, embedding_forward(params, tokens)[1], dx)
    expected = np.zeros_like(dE)
    for t, n in np.ndindex(*tokens.shape):
        expected[tokens[t, n]] += dx[t, :, n]
    assert relative_error(dE, expected) < 1e-15
    assert not dE[3].any()
    once = np.zeros_like(dE)
    for t in range(3):
        once[tokens[t]] += dx[t].T  # what indexed addition makes of it
    assert relative_error(once, expected) > 0.1


def test_a_padded_step_contributes_exactly_nothing():
    """Neither a token out of range nor a cotangent of NaN there changes a bit."""
    params, tokens, dx = problem()
    padding = np.arange(5)[:, None] >= LENGTHS
    x, cache = embedding_forward(params, tokens, LENGTHS)
    spoiled, cache_2 = embedding_forward(params, np.where(padding, 10**6, tokens), LENGTHS)
    assert np.array_equal(x, spoiled)
    assert not x.transpose(0, 2, 1)[padding].any()
    one = embedding_backward(params, cache, dx).E
    other = embedding_backward(params, cache_2, np.where(padding[:, None], np.nan, dx)).E
    assert np.array_equal(one, other)
    total = sum(
        embedding_backward(params, embedding_forward(params, tokens[:n, [k]])[1], dx[:n, :, [k]]).E
        for k, n in enumerate(LENGTHS)
    )
    assert relative_error(total, one) < 1e-15


def test_plumbing():
    params, tokens, dx = problem()
    before = tokens.copy()
    _, cache = embedding_forward(params, tokens)
    assert_plumbing(lambda dx: [embedding_backward(params, cache, dx).E], dx, [params.E, tokens, *cache])
    assert np.array_equal(tokens, before)
