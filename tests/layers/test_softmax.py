import numpy as np

from handgrad.layers.softmax import softmax_backward, softmax_forward
from helpers import check_activation


def test_gradient_and_plumbing():
    check_activation(softmax_forward, softmax_backward)


def test_columns_sum_to_one_and_extremes_are_silent():
    a = np.array([[1e4, -1e4, 0.0], [-1e4, -1e4, 1.0]])
    y, _ = softmax_forward(a)
    assert np.allclose(y.sum(axis=0), 1)
    assert y[:, 0].tolist() == [1.0, 0.0]
    assert y[:, 1].tolist() == [0.5, 0.5]
