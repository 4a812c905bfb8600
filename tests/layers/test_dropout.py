import numpy as np
import pytest

from handgrad.layers.dropout import dropout_backward, dropout_forward
from helpers import assert_gradient, assert_plumbing

RATE = 0.3


def problem(shape=(5, 3), seed=3):
    rng = np.random.default_rng(seed)
    keep = (rng.random(shape) >= RATE).astype(float)
    keep.flat[0] = 1
    return rng.normal(size=shape), keep, rng.normal(size=shape)


@pytest.mark.parametrize("shape", [(5, 3), (1, 1), (3, 5, 2)], ids=str)
def test_gradient(shape):
    x, keep, dy = problem(shape)
    y, cache = dropout_forward(x, keep, RATE)
    assert_gradient(
        lambda x: float((dropout_forward(x, keep, RATE)[0] * dy).sum()), x, dropout_backward(cache, dy, RATE)
    )


def test_plumbing():
    x, keep, dy = problem()
    _, cache = dropout_forward(x, keep, RATE)
    assert_plumbing(lambda dy: [dropout_backward(cache, dy, RATE)], dy, [x, keep, *cache])


def test_what_was_dropped_is_zero_and_gets_no_gradient():
    x, keep, dy = problem()
    y, cache = dropout_forward(x, keep, RATE)
    gone = keep == 0
    assert gone.any()
    assert not y[gone].any()
    assert not dropout_backward(cache, dy, RATE)[gone].any()
    assert np.allclose(y[~gone], x[~gone] / (1 - RATE), rtol=1e-15)


def test_the_mean_stays():
    """Inverted: over many masks, y is x on average, and the average gradient that of no dropout."""
    x, _, dy = problem()
    rng = np.random.default_rng(0)
    masks = (rng.random((20_000, *x.shape)) >= RATE).astype(float)
    mean = np.mean([dropout_forward(x, keep, RATE)[0] for keep in masks], axis=0)
    assert np.abs(mean - x).max() < 0.03 * np.abs(x).max()  # 5 standard deviations of a mean of 20,000


def test_rate_zero_keeps_everything():
    x, _, dy = problem()
    y, cache = dropout_forward(x, np.ones_like(x), 0.0)
    assert np.array_equal(y, x)
    assert np.array_equal(dropout_backward(cache, dy, 0.0), dy)
