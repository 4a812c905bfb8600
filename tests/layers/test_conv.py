"""Convolution with a link table: against derivatives, against its definition, and by its parts."""

import itertools

import numpy as np
import pytest

from handgrad.layers.conv import ConvParams, conv_backward, conv_forward
from helpers import check_maps
from maps import CASES, TABLE, problem


def kernels(params, links):
    """The kernels in a full array, zeros where there is no link."""
    if links is None:
        return params.W
    full = np.zeros((*links.T.shape, *params.W.shape[-2:]))
    full[links.T] = params.W  # row by row of the outputs: the order of the links
    return full


def one_number_at_a_time(params, x, stride, padding, links):
    """The convolution, an output at a time, from its definition."""
    W, b = kernels(params, links), params.b
    C, H, V, B = x.shape
    _, _, K, L = W.shape
    M, N = (H + 2 * padding - K) // stride + 1, (V + 2 * padding - L) // stride + 1
    y = np.zeros((len(b), M, N, B))
    for d, i, j, n in np.ndindex(*y.shape):
        y[d, i, j, n] = b[d]
        for p, u, v in np.ndindex(C, K, L):
            row, column = stride * i + u - padding, stride * j + v - padding
            if 0 <= row < H and 0 <= column < V:
                y[d, i, j, n] += W[d, p, u, v] * x[p, row, column, n]
    return y


@pytest.mark.parametrize(("maps", "kernel", "size", "stride", "padding", "links"), CASES)
def test_gradients_and_plumbing(maps, kernel, size, stride, padding, links):
    params, x = problem(maps, kernel, size, links)
    check_maps(conv_forward, conv_backward, x, params, stride=stride, padding=padding, links=links)


@pytest.mark.parametrize(("maps", "kernel", "size", "stride", "padding", "links"), CASES)
def test_forward_is_the_definition(maps, kernel, size, stride, padding, links):
    params, x = problem(maps, kernel, size, links)
    y, _ = conv_forward(params, x, stride, padding, links)
    assert np.allclose(y, one_number_at_a_time(params, x, stride, padding, links), rtol=1e-12, atol=1e-14)


def test_a_full_table_is_no_table_to_the_last_bit():
    params, x = problem((3, 5), (2, 2), (4, 6))
    in_links = ConvParams(params.W.reshape(15, 2, 2), params.b)
    full = np.ones((3, 5), bool)
    y, cache = conv_forward(params, x)
    y_links, cache_links = conv_forward(in_links, x, links=full)
    assert np.array_equal(y, y_links)
    dy = np.random.default_rng(1).normal(size=y.shape)
    dx, grads = conv_backward(params, cache, dy)
    dx_links, grads_links = conv_backward(in_links, cache_links, dy)
    assert np.array_equal(dx, dx_links)
    assert grads_links.W.shape == (15, 2, 2)
    assert np.array_equal(grads.W.ravel(), grads_links.W.ravel())
    assert np.array_equal(grads.b, grads_links.b)


def test_a_link_that_is_absent_is_a_kernel_of_zeros_without_a_gradient():
    """The table's layer is the full one with zeros, and its gradients are the full one's at the links."""
    params, x = problem((3, 5), (3, 3), (6, 5), TABLE)
    full = ConvParams(kernels(params, TABLE), params.b)
    y, cache = conv_forward(params, x, links=TABLE)
    y_full, cache_full = conv_forward(full, x)
    assert np.allclose(y, y_full, rtol=1e-12, atol=1e-14)
    dy = np.random.default_rng(1).normal(size=y.shape)
    dx, grads = conv_backward(params, cache, dy)
    dx_full, grads_full = conv_backward(full, cache_full, dy)
    assert np.allclose(dx, dx_full, rtol=1e-12, atol=1e-14)
    assert np.allclose(grads.W, grads_full.W[TABLE.T], rtol=1e-12)
    assert len(grads.W) == TABLE.sum() == 9


def test_an_output_without_links_is_its_bias_and_an_input_without_links_gets_nothing():
    links = np.array([[1, 0], [0, 0]], bool)
    params, x = problem((2, 2), (2, 2), (3, 3), links)
    y, cache = conv_forward(params, x, links=links)
    assert (y[1] == params.b[1]).all()
    dx, _ = conv_backward(params, cache, np.ones_like(y))
    assert not dx[1].any()
    assert dx[0].any()


def test_rows_that_no_window_meets_get_the_gradient_zero():
    params, x = problem((1, 1), (3, 3), (8, 7))
    y, cache = conv_forward(params, x, 2)
    dx, _ = conv_backward(params, cache, np.ones_like(y))
    assert y.shape == (1, 3, 3, 2)
    assert not dx[:, 7].any()
    assert dx[:, 6].any()


def test_the_kernel_is_not_turned():
    """One entry of the kernel, in its first row and last column, looks up and to the right."""
    params, x = problem((1, 1), (3, 3), (5, 5))
    corner = np.zeros((1, 1, 3, 3))
    corner[..., 0, 2] = 1
    y, _ = conv_forward(ConvParams(corner, np.zeros(1)), x)
    assert np.array_equal(y[0], x[0, :3, 2:])


@pytest.mark.parametrize("place", list(itertools.product((0, 1), (0, 2), (0, 1))))
def test_right_at_each_place_of_the_output_by_itself(place):
    """A cotangent at one place reaches the window of that place alone, in the maps that are linked to it."""
    d, i, j = place
    links = np.array([[1, 0], [1, 1]], bool)
    params, x = problem((2, 2), (2, 3), (6, 7), links)
    y, cache = conv_forward(params, x, 2, links=links)
    dy = np.zeros_like(y)
    dy[d, i, j] = 1
    dx, grads = conv_backward(params, cache, dy)
    expected, expected_W = np.zeros_like(x), np.zeros((2, 2, 2, 3))
    for p in (0, 1):
        if links[p, d]:
            expected[p, 2 * i : 2 * i + 2, 2 * j : 2 * j + 3] = kernels(params, links)[d, p][:, :, None]
            expected_W[d, p] = x[p, 2 * i : 2 * i + 2, 2 * j : 2 * j + 3].sum(axis=-1)
    assert np.allclose(dx, expected)
    assert np.allclose(grads.W, expected_W[links.T])
    assert np.allclose(grads.b, 2 * np.eye(2)[d])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_kind_of_number_is_kept(dtype):
    params, x = problem((2, 3), (2, 2), (4, 4))
    params, x = ConvParams(*(each.astype(dtype) for each in params)), x.astype(dtype)
    y, cache = conv_forward(params, x, 1, 1)
    dx, grads = conv_backward(params, cache, y)
    assert {each.dtype for each in (y, dx, *grads)} == {np.dtype(dtype)}


def test_what_does_not_fit_is_named():
    params, x = problem((2, 3), (2, 2), (4, 4))
    with pytest.raises(ValueError, match="the link table is 3 x 2, expected 2 x 3"):
        conv_forward(params, x, links=np.ones((3, 2), bool))
    with pytest.raises(ValueError, match="W holds 6 kernels, expected 5"):
        conv_forward(params, x, links=np.array([[1, 1, 1], [1, 0, 1]], bool))
