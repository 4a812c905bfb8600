import numpy as np

from handgrad.layers.weight_decay import weight_decay_backward, weight_decay_forward
from helpers import assert_gradient


def test_gradient_and_plumbing():
    W = np.random.default_rng(0).normal(size=(3, 5))
    before = W.copy()
    R, cache = weight_decay_forward(W, 0.3)
    assert np.isclose(R, 0.15 * (W * W).sum())
    dW = weight_decay_backward(cache, 1.7, 0.3)
    assert_gradient(lambda W: 1.7 * float(weight_decay_forward(W, 0.3)[0]), W, dW)
    assert np.array_equal(W, before)
    assert not np.shares_memory(dW, W)


def test_a_step_against_it_shrinks_the_weights():
    W = np.random.default_rng(0).normal(size=(3, 5))
    _, cache = weight_decay_forward(W, 0.3)
    assert np.allclose(W - 0.1 * weight_decay_backward(cache, 1.0, 0.3), 0.97 * W)
