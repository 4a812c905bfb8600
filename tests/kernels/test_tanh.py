import numpy as np
import pytest

from drive import Operation, check_activation_kernel
from handgrad.layers.tanh import tanh_backward, tanh_forward


def test_equals_the_equation():
    check_activation_kernel("tanh", tanh_forward, tanh_backward)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nan_stays_visible(dtype):
    op = Operation("tanh", 1, 5, 5, dtype, constants=(0.2,))
    op.x[:] = [0.5, np.nan, -1e4, 1e4, 0.0]
    op.run("tanh_forward")
    assert np.isnan(op.y[0, 1])
    assert np.isfinite(op.y[0, [0, 2, 3, 4]]).all()
