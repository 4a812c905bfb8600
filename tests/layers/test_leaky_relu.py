import numpy as np

from handgrad.layers.leaky_relu import leaky_relu_backward, leaky_relu_forward
from helpers import check_activation


def test_gradient_and_plumbing():
    check_activation(leaky_relu_forward, leaky_relu_backward, 0.2)


def test_slope_below_zero():
    y, cache = leaky_relu_forward(np.array([[-2.0, 3.0]]).T, 0.1)
    assert y.ravel().tolist() == [-0.2, 3.0]
    assert leaky_relu_backward(cache, np.ones((2, 1)), 0.1).ravel().tolist() == [0.1, 1.0]
