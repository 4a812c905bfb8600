import numpy as np
import pytest

from drive import Operation, check_activation_kernel
from handgrad.layers.leaky_relu import leaky_relu_backward, leaky_relu_forward


def test_equals_the_equation():
    check_activation_kernel("leaky_relu", leaky_relu_forward, leaky_relu_backward, (0.2,))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nan_stays_visible(dtype):
    op = Operation("leaky_relu", 1, 5, 5, dtype, constants=(0.2,))
    op.x[:] = [0.5, np.nan, -1e4, 1e4, 0.0]
    op.run("leaky_relu_forward")
    assert np.isnan(op.y[0, 1])
    assert np.isfinite(op.y[0, [0, 2, 3, 4]]).all()
