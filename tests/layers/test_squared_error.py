import numpy as np

from handgrad.layers.squared_error import squared_error_backward, squared_error_forward
from helpers import check_loss


def test_gradient_and_plumbing():
    check_loss(squared_error_forward, squared_error_backward, lambda rng, shape: rng.normal(size=shape))


def test_value():
    l, cache = squared_error_forward(np.array([[1.0], [2.0]]), np.array([[0.0], [5.0]]))  # noqa: E741
    assert l.tolist() == [10.0]
    assert squared_error_backward(cache, np.ones(1)).ravel().tolist() == [2.0, -6.0]
