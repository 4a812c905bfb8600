import numpy as np

from handgrad.layers.identity import identity_backward, identity_forward
from helpers import check_activation


def test_gradient_and_plumbing():
    check_activation(identity_forward, identity_backward)


def test_value():
    a = np.arange(6.0).reshape(2, 3)
    assert np.array_equal(identity_forward(a)[0], a)
