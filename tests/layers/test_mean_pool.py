"""Mean pooling: against derivatives and its definition, and at sizes that do not divide."""

import numpy as np
import pytest

from handgrad.layers.mean_pool import mean_pool_backward, mean_pool_forward
from helpers import check_maps


def maps(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize(
    ("shape", "n", "crop"),
    [((3, 4, 6, 2), 2, False), ((2, 5, 7, 3), 2, True), ((2, 7, 11, 2), 3, True), ((1, 1, 1, 1), 1, False)],
)
def test_gradients_and_plumbing(shape, n, crop):
    check_maps(mean_pool_forward, mean_pool_backward, maps(*shape), size=n, crop=crop)


def test_forward_is_the_definition():
    x = maps(3, 4, 6, 2)
    y, _ = mean_pool_forward(x)
    for d, i, j in np.ndindex(3, 2, 3):
        assert np.allclose(y[d, i, j], x[d, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].mean(axis=(0, 1)), rtol=1e-13)


@pytest.mark.parametrize("size", [(5, 4), (4, 5)])
def test_odd_sizes_are_refused_or_cropped(size):
    x = maps(2, *size, 3)
    with pytest.raises(ValueError, match=f"maps of {size[0]} x {size[1]} do not divide into windows of 2 x 2; crop"):
        mean_pool_forward(x)
    y, cache = mean_pool_forward(x, crop=True)
    assert np.array_equal(y, mean_pool_forward(x[:, :4, :4])[0])
    dx = mean_pool_backward(cache, np.ones_like(y))
    assert not dx[:, 4:].any()
    assert not dx[:, :, 4:].any()
    assert (dx[:, :4, :4] == 0.25).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_kind_of_number_is_kept(dtype):
    y, cache = mean_pool_forward(maps(2, 4, 4, 3).astype(dtype))
    assert y.dtype == mean_pool_backward(cache, y).dtype == dtype
