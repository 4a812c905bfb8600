import numpy as np
import pytest

from drive import Operation, check_loss_kernel
from handgrad.layers.softmax_cross_entropy import softmax_cross_entropy_backward, softmax_cross_entropy_forward


def test_equals_the_equation():
    check_loss_kernel(
        "softmax_cross_entropy",
        softmax_cross_entropy_forward,
        softmax_cross_entropy_backward,
        lambda rng, shape: rng.random(size=shape),
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_huge_predictions(dtype):
    op = Operation("softmax_cross_entropy", 2, 2, 1, dtype)
    op.x[:] = [[1e4, -1e4], [-1e4, 1e4]]
    op.t[:] = [[1, 0], [1, 0]]
    op.dy[:] = 1
    op.run("softmax_cross_entropy_forward")
    l, cache = softmax_cross_entropy_forward(op.x.T.astype("float64"), op.t.T.astype("float64"))  # noqa: E741
    assert np.allclose(op.y[:, 0], l, rtol=1e-6)
    op.run("softmax_cross_entropy_backward")
    assert np.allclose(op.dx, softmax_cross_entropy_backward(cache, np.ones(2)).T, rtol=1e-6, atol=1e-30)
