import numpy as np

from handgrad.layers.sigmoid import sigmoid_backward, sigmoid_forward
from helpers import check_activation


def test_gradient_and_plumbing():
    check_activation(sigmoid_forward, sigmoid_backward)


def test_extremes_are_exact_and_silent():
    y, cache = sigmoid_forward(np.array([[-1e4, -800.0, 0.0, 800.0, 1e4]]).T)
    assert y.ravel().tolist() == [0.0, 0.0, 0.5, 1.0, 1.0]
    assert sigmoid_backward(cache, np.ones((5, 1))).ravel().tolist() == [0, 0, 0.25, 0, 0]
