import numpy as np

from handgrad.layers.half_squared_error import half_squared_error_backward, half_squared_error_forward
from helpers import check_loss


def test_gradient_and_plumbing():
    check_loss(half_squared_error_forward, half_squared_error_backward, lambda rng, shape: rng.normal(size=shape))


def test_value():
    l, cache = half_squared_error_forward(np.array([[1.0], [2.0]]), np.array([[0.0], [5.0]]))  # noqa: E741
    assert l.tolist() == [5.0]
    assert half_squared_error_backward(cache, np.ones(1)).ravel().tolist() == [1.0, -3.0]
