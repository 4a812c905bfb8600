import numpy as np
import pytest

from drive import Operation, check_loss_kernel
from handgrad.layers.squared_error import squared_error_backward, squared_error_forward


def test_equals_the_equation():
    check_loss_kernel(
        "squared_error", squared_error_forward, squared_error_backward, lambda rng, shape: rng.normal(size=shape)
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_huge_predictions(dtype):
    op = Operation("squared_error", 2, 2, 1, dtype)
    op.x[:] = [[1e4, -1e4], [-1e4, 1e4]]
    op.t[:] = [[1, 0], [1, 0]]
    op.dy[:] = 1
    op.run("squared_error_forward")
    l, cache = squared_error_forward(op.x.T.astype("float64"), op.t.T.astype("float64"))  # noqa: E741
    assert np.allclose(op.y[:, 0], l, rtol=1e-6)
    op.run("squared_error_backward")
    assert np.allclose(op.dx, squared_error_backward(cache, np.ones(2)).T, rtol=1e-6, atol=1e-30)
