import numpy as np
import pytest

from drive import Operation, check_loss_kernel
from handgrad.layers.sigmoid_cross_entropy import sigmoid_cross_entropy_backward, sigmoid_cross_entropy_forward


def test_equals_the_equation():
    check_loss_kernel(
        "sigmoid_cross_entropy",
        sigmoid_cross_entropy_forward,
        sigmoid_cross_entropy_backward,
        lambda rng, shape: rng.random(size=shape),
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_huge_predictions(dtype):
    op = Operation("sigmoid_cross_entropy", 2, 2, 1, dtype)
    op.x[:] = [[1e4, -1e4], [-1e4, 1e4]]
    op.t[:] = [[1, 0], [1, 0]]
    op.dy[:] = 1
    op.run("sigmoid_cross_entropy_forward")
    l, cache = sigmoid_cross_entropy_forward(op.x.T.astype("float64"), op.t.T.astype("float64"))  # noqa: E741
    assert np.allclose(op.y[:, 0], l, rtol=1e-6)
    op.run("sigmoid_cross_entropy_backward")
    assert np.allclose(op.dx, sigmoid_cross_entropy_backward(cache, np.ones(2)).T, rtol=1e-6, atol=1e-30)
