import numpy as np
import pytest

from drive import Operation, close
from handgrad.kernels._rows import N_IN
from handgrad.layers.weight_decay import weight_decay_backward, weight_decay_forward


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_equals_the_equation_and_adds(dtype):
    W = np.random.default_rng(0).normal(size=(3, 5)).astype(dtype)
    op = Operation("weight_decay", 1, 15, 1, dtype, params=[W], constants=(0.3,))
    op.row[N_IN] = 15
    op.grads[:] = 2
    op.run("weight_decay_forward")
    R, cache = weight_decay_forward(W, 0.3)
    assert close(op.y[0, 0], R, dtype)
    op.run("weight_decay_backward")
    assert close(op.grads[1:-1] - 2, weight_decay_backward(cache, 1, 0.3).ravel(), "float32")
    assert op.grads[0] == op.grads[-1] == 2, "the kernel wrote outside its block"
    assert np.array_equal(op.params[1:-1], W.ravel())
