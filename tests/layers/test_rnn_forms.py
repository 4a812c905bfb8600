"""The gradient of a recurrent layer in four forms: the same to 1e-12."""

import tracemalloc

import numpy as np
import pytest

from handgrad.layers._activations import ACTIVATIONS
from handgrad.layers.rnn import RnnParams, rnn_backward, rnn_forward
from handgrad.layers.rnn_forms.double_sum import rnn_double_sum_backward
from handgrad.layers.rnn_forms.forward_mode import rnn_forward_mode
from handgrad.layers.rnn_forms.product import rnn_product_backward, step_jacobian
from helpers import assert_plumbing, central_difference, relative_error


def problem(T=6, D=3, H=5, B=2, f="tanh", seed=7):
    rng = np.random.default_rng(seed)
    params = RnnParams(rng.normal(size=(H, H)) / np.sqrt(H), rng.normal(size=(H, D)), rng.normal(size=H))
    x, h0, dy = rng.normal(size=(T, D, B)), rng.normal(size=(H, B)), rng.normal(size=(T, H, B))
    return params, x, h0, dy, rnn_forward(params, x, h0, f)[1]


def parts(returned):
    dx, dh0, grads = returned
    return [dx, dh0, *grads]


@pytest.mark.parametrize("f", sorted(ACTIVATIONS))
@pytest.mark.parametrize("sizes", [(6, 3, 5, 2), (1, 1, 1, 1), (11, 2, 3, 1)])
@pytest.mark.parametrize("form", [rnn_double_sum_backward, rnn_product_backward])
def test_backward_forms_equal_the_recursion(form, sizes, f):
    params, _, _, dy, cache = problem(*sizes, f)
    for a, b in zip(parts(form(params, cache, dy)), parts(rnn_backward(params, cache, dy)), strict=True):
        assert relative_error(a, b) < 1e-12


@pytest.mark.parametrize("f", sorted(ACTIVATIONS))
@pytest.mark.parametrize("sizes", [(6, 3, 5, 2), (1, 1, 1, 1), (11, 2, 3, 1)])
def test_forward_mode_equals_the_recursion(sizes, f):
    params, x, h0, dy, cache = problem(*sizes, f)
    last, dh0, grads = rnn_forward_mode(params, x, h0, dy, f)
    _, expected_dh0, expected = rnn_backward(params, cache, dy)
    assert np.allclose(last, cache.h[-2], rtol=1e-14)
    assert relative_error(dh0, expected_dh0) < 1e-12
    for a, b in zip(grads, expected, strict=True):
        assert relative_error(a, b) < 1e-12


@pytest.mark.parametrize("form", [rnn_double_sum_backward, rnn_product_backward])
def test_plumbing(form):
    params, x, h0, dy, cache = problem()
    assert_plumbing(lambda dy: parts(form(params, cache, dy)), dy, [*params, x, h0, cache.h])


def test_plumbing_of_forward_mode():
    params, x, h0, dy, _ = problem()

    def backward(dy):
        _, dh0, grads = rnn_forward_mode(params, x, h0, dy)
        return dh0, *grads

    assert_plumbing(backward, dy, [*params, x, h0])


def test_the_jacobian_of_one_step():
    params, x, h0, _, cache = problem(T=1)
    jacobian = step_jacobian(params.W, cache.h[0], "tanh")
    for b in range(x.shape[2]):
        for i in range(len(h0)):
            numeric = central_difference(lambda h, i=i, b=b: float(rnn_forward(params, x, h)[0][0, i, b]), h0)
            assert relative_error(numeric[:, b], jacobian[b, i]) < 1e-8


def test_forward_mode_keeps_no_past():
    """Its memory does not grow with T, that of the recursion does."""

    def peak(T, work):
        params, x, h0, dy, _ = problem(T, 2, 4, 1)
        sizes = []
        for _ in range(3):  # the least: what else the interpreter allocates meanwhile is not meant
            tracemalloc.start()
            work(params, x, h0, dy)
            sizes.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        return min(sizes)

    def recursion(params, x, h0, dy):
        rnn_backward(params, rnn_forward(params, x, h0)[1], dy)

    assert peak(2000, rnn_forward_mode) < 1.2 * peak(1000, rnn_forward_mode)
    assert peak(2000, recursion) > 1.7 * peak(1000, recursion)
