import numpy as np

from handgrad.layers.scaled_tanh import scaled_tanh_backward, scaled_tanh_forward
from helpers import check_activation


def test_gradient_and_plumbing():
    check_activation(scaled_tanh_forward, scaled_tanh_backward)


def test_one_maps_close_to_one():
    y, _ = scaled_tanh_forward(np.array([[1.0, -1.0, 1e4]]).T)
    assert np.allclose(y.ravel()[:2], [1, -1], atol=1e-4)
    assert y[2, 0] == 1.7159
