import numpy as np
import pytest

from drive import Operation, check_activation_kernel
from handgrad.layers.softmax import softmax_backward, softmax_forward


def test_equals_the_equation():
    check_activation_kernel("softmax", softmax_forward, softmax_backward)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nan_stays_visible(dtype):
    op = Operation("softmax", 1, 5, 5, dtype, constants=(0.2,))
    op.x[:] = [0.5, np.nan, -1e4, 1e4, 0.0]
    op.run("softmax_forward")
    assert np.isnan(op.y[0, 1])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_huge_logits(dtype):
    op = Operation("softmax", 2, 3, 3, dtype)
    op.x[:] = [[1e4, -1e4, 0.0], [-1e4, -1e4, -1e4]]
    op.run("softmax_forward")
    assert np.allclose(op.y, [[1, 0, 0], [1 / 3, 1 / 3, 1 / 3]], atol=1e-30)
