import numpy as np
import pytest

from handgrad.layers.dense import DenseParams, dense_backward, dense_forward
from helpers import assert_gradient, assert_plumbing


def problem(N, M, B):
    rng = np.random.default_rng(1)
    params = DenseParams(rng.normal(size=(M, N)), rng.normal(size=M))
    return params, rng.normal(size=(N, B)), rng.normal(size=(M, B))


@pytest.mark.parametrize(("N", "M", "B"), [(5, 3, 2), (1, 1, 1), (2, 7, 11)])
def test_gradient_of_every_returned_array(N, M, B):
    params, x, da = problem(N, M, B)
    a, cache = dense_forward(params, x)
    assert a.shape == (M, B)
    dx, (dW, db) = dense_backward(params, cache, da)
    assert_gradient(lambda x: float((dense_forward(params, x)[0] * da).sum()), x, dx)
    assert_gradient(lambda W: float((dense_forward(DenseParams(W, params.b), x)[0] * da).sum()), params.W, dW)
    assert_gradient(lambda b: float((dense_forward(DenseParams(params.W, b), x)[0] * da).sum()), params.b, db)


def test_plumbing():
    params, x, da = problem(5, 3, 2)
    _, cache = dense_forward(params, x)

    def backward(da):
        dx, (dW, db) = dense_backward(params, cache, da)
        return dx, dW, db

    assert_plumbing(backward, da, [*params, x])


def test_parameter_gradients_add_up_over_the_batch():
    params, x, da = problem(5, 3, 4)
    _, (dW, db) = dense_backward(params, dense_forward(params, x)[1], da)
    parts = [dense_backward(params, dense_forward(params, x[:, [k]])[1], da[:, [k]])[1] for k in range(4)]
    assert np.allclose(sum(part.W for part in parts), dW, rtol=1e-13)
    assert np.allclose(sum(part.b for part in parts), db, rtol=1e-13)
