import numpy as np

from handgrad.layers.sigmoid_cross_entropy import sigmoid_cross_entropy_backward, sigmoid_cross_entropy_forward
from helpers import check_loss


def test_gradient_and_plumbing():
    check_loss(sigmoid_cross_entropy_forward, sigmoid_cross_entropy_backward, lambda rng, shape: rng.random(size=shape))


def test_stable_at_huge_logits():
    a = np.array([[1e4, -1e4, -1e4, 1e4]])
    t = np.array([[1.0, 0.0, 1.0, 0.0]])
    l, cache = sigmoid_cross_entropy_forward(a, t)  # noqa: E741
    assert l.tolist() == [0.0, 0.0, 1e4, 1e4]
    assert sigmoid_cross_entropy_backward(cache, np.ones(4)).tolist() == [[0.0, 0.0, -1.0, 1.0]]


def test_logit_zero_costs_log_two():
    l, _ = sigmoid_cross_entropy_forward(np.zeros((1, 1)), np.ones((1, 1)))  # noqa: E741
    assert np.allclose(l, np.log(2))
