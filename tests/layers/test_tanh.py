import numpy as np

from handgrad.layers.tanh import tanh_backward, tanh_forward
from helpers import check_activation


def test_gradient_and_plumbing():
    check_activation(tanh_forward, tanh_backward)


def test_extremes():
    y, cache = tanh_forward(np.array([[-1e4, 0.0, 1e4]]).T)
    assert y.ravel().tolist() == [-1.0, 0.0, 1.0]
    assert tanh_backward(cache, np.ones((3, 1))).ravel().tolist() == [0, 1, 0]
