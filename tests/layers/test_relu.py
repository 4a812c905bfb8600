import numpy as np

from handgrad.layers.relu import relu_backward, relu_forward
from helpers import check_activation


def test_gradient_and_plumbing():
    check_activation(relu_forward, relu_backward)


def test_kink_and_nan():
    y, cache = relu_forward(np.array([[-1.0, 0.0, 2.0, np.nan]]).T)
    assert y.ravel()[:3].tolist() == [0, 0, 2]
    assert np.isnan(y[3, 0])
    assert relu_backward(cache, np.ones((4, 1))).ravel()[:3].tolist() == [0, 0, 1]
