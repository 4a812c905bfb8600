import numpy as np

from handgrad.layers.softmax_cross_entropy import softmax_cross_entropy_backward, softmax_cross_entropy_forward
from helpers import check_loss


def test_gradient_and_plumbing():
    check_loss(softmax_cross_entropy_forward, softmax_cross_entropy_backward, lambda rng, shape: rng.random(size=shape))


def test_stable_at_huge_logits():
    a = np.array([[1e4, -1e4], [-1e4, 1e4], [0.0, 0.0]])
    t = np.array([[1.0, 1.0], [0.0, 0.0], [0.0, 0.0]])
    l, cache = softmax_cross_entropy_forward(a, t)  # noqa: E741
    assert l.tolist() == [0.0, 2e4]
    da = softmax_cross_entropy_backward(cache, np.ones(2))
    assert da.tolist() == [[0.0, -1.0], [0.0, 1.0], [0.0, 0.0]]


def test_uniform_logits_cost_log_of_the_classes():
    l, _ = softmax_cross_entropy_forward(np.zeros((10, 1)), np.eye(10)[:, :1])  # noqa: E741
    assert np.allclose(l, np.log(10))
