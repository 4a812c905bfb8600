import numpy as np
import pytest

from drive import Operation, close
from handgrad.kernels._rows import NEEDS_DX
from handgrad.layers.dense import DenseParams, dense_backward, dense_forward

SIZES = [(1, 1, 1), (3, 5, 7), (2, 17, 4), (5, 2, 11), (1, 33, 6), (1, 2, 9)]  # samples, inputs, outputs


def problem(n, N, M, dtype):
    rng = np.random.default_rng(2)
    W, b, x, da = (rng.normal(size=shape).astype(dtype) for shape in ((M, N), (M,), (n, N), (n, M)))
    op = Operation("dense", n, N, M, dtype, params=[W, b])
    op.x[:], op.dy[:] = x, da
    a, cache = dense_forward(DenseParams(W, b), x.T)
    dx, (dW, db) = dense_backward(DenseParams(W, b), cache, da.T)
    return op, a.T, dx.T, np.concatenate([dW.ravel(), db])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("n", "N", "M"), SIZES)
@pytest.mark.parametrize("form", ["", "_one"])
def test_equals_the_equation(n, N, M, dtype, form):
    op, a, dx, gradient = problem(n, N, M, dtype)
    op.run(f"dense_forward{form}")
    assert close(op.y, a, dtype)
    if form == "_one" and n > 1:
        return  # one sample at a time: only forward takes several
    op.run(f"dense_backward{form}")
    assert close(op.dx, dx, dtype)
    assert close(op.grads[1:-1], gradient, dtype)
    assert np.isnan(op.grads[[0, -1]]).all(), "the kernel wrote outside its block"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("N", "M"), [(N, M) for n, N, M in SIZES if n == 1] + [(5, 7), (2, 4)])
@pytest.mark.parametrize("needs_dx", [0, 1])
def test_the_fused_step_is_gradient_then_sgd(N, M, dtype, needs_dx):
    op, _, dx, gradient = problem(1, N, M, dtype)
    before = op.params.copy()
    op.row[NEEDS_DX] = needs_dx
    op.run("dense_backward_sgd")  # scalars[0], the learning rate, is 0.1
    assert close(op.params[1:-1], before[1:-1] - np.asarray(0.1, dtype) * gradient, dtype)
    assert op.params[0] == op.params[-1] == 7, "the kernel wrote outside its block"
    if needs_dx:
        assert close(op.dx, dx, dtype), "dx must be made with the weights before the step"
    else:
        assert np.isnan(op.dx).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("n", "N", "M"), [*SIZES, (67, 97, 101)])  # more samples than a block, W beyond the near cache
def test_the_steps_of_a_sequence(n, N, M, dtype):
    op, _, dx, gradient = problem(n, N, M, dtype)
    op.run("dense_backward_steps")
    assert close(op.grads[1:-1], gradient, dtype)
    assert close(op.dx, dx, dtype)
    op, _, dx, gradient = problem(n, N, M, dtype)
    before = op.params.copy()
    op.run("dense_backward_sgd_steps")
    assert close(op.params[1:-1], before[1:-1] - np.asarray(0.1, dtype) * gradient, dtype)
    assert op.params[0] == op.params[-1] == 7, "the kernel wrote outside its block"
    assert close(op.dx, dx, dtype), "dx must be made with the weights before the step"


@pytest.mark.parametrize("form", ["", "_one"])
def test_dx_is_left_out_where_nobody_reads_it(form):
    op, _, _, gradient = problem(1, 5, 7, "float64")
    op.row[NEEDS_DX] = 0
    op.run(f"dense_backward{form}")
    assert np.isnan(op.dx).all()
    assert close(op.grads[1:-1], gradient, "float64")
