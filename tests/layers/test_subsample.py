"""Trainable subsampling: against derivatives, against its definition, and at sizes that do not divide."""

import numpy as np
import pytest

from handgrad.layers.subsample import SubsampleParams, subsample_backward, subsample_forward
from helpers import check_maps


def problem(maps=3, size=(4, 6), batch=2, seed=0):
    rng = np.random.default_rng(seed)
    params = SubsampleParams(rng.normal(size=maps), rng.normal(size=maps))
    return params, rng.normal(size=(maps, *size, batch))


@pytest.mark.parametrize(
    ("maps", "size", "n", "crop"),
    [(3, (4, 6), 2, False), (2, (5, 7), 2, True), (2, (7, 11), 3, True), (1, (1, 1), 1, False), (5, (2, 2), 2, True)],
)
def test_gradients_and_plumbing(maps, size, n, crop):
    params, x = problem(maps, size)
    check_maps(subsample_forward, subsample_backward, x, params, size=n, crop=crop)


def test_forward_is_the_definition():
    params, x = problem()
    y, _ = subsample_forward(params, x)
    for d, i, j in np.ndindex(3, 2, 3):
        mean = x[d, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].mean(axis=(0, 1))
        assert np.allclose(y[d, i, j], params.w[d] * mean + params.a[d], rtol=1e-13)


def test_the_gradient_of_the_input_is_a_quarter_of_the_weight_everywhere_in_the_window():
    params, x = problem()
    y, cache = subsample_forward(params, x)
    dy = np.zeros_like(y)
    dy[1, 0, 2] = 1
    dx, _ = subsample_backward(params, cache, dy)
    expected = np.zeros_like(x)
    expected[1, :2, 4:] = params.w[1] / 4
    assert np.allclose(dx, expected, rtol=1e-15)


@pytest.mark.parametrize("size", [(5, 4), (4, 5), (5, 5)])
def test_odd_sizes_are_refused_or_cropped(size):
    """The rule: without crop, a sentence; with it, the last rows and columns change nothing and get the gradient 0."""
    params, x = problem(size=size)
    with pytest.raises(ValueError, match=f"maps of {size[0]} x {size[1]} do not divide into windows of 2 x 2; crop"):
        subsample_forward(params, x)
    y, cache = subsample_forward(params, x, crop=True)
    assert np.array_equal(y, subsample_forward(params, x[:, :4, :4])[0])
    dx, _ = subsample_backward(params, cache, np.ones_like(y))
    assert dx.shape == x.shape
    assert not dx[:, 4:].any()
    assert not dx[:, :, 4:].any()
    assert dx[:, :4, :4].all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_kind_of_number_is_kept(dtype):
    params, x = problem()
    params, x = SubsampleParams(*(each.astype(dtype) for each in params)), x.astype(dtype)
    y, cache = subsample_forward(params, x)
    dx, grads = subsample_backward(params, cache, y)
    assert {each.dtype for each in (y, dx, *grads)} == {np.dtype(dtype)}
