"""Max pooling: against derivatives and its definition, with ties, and at sizes that do not divide."""

import numpy as np
import pytest

from handgrad.layers.max_pool import max_pool_backward, max_pool_forward
from helpers import check_maps


def maps(*shape, seed=0):
    """All entries different, 0.1 apart at least, so that no step of a difference changes which one is largest."""
    return np.random.default_rng(seed).permutation(np.arange(np.prod(shape)) / 10 - 2).reshape(shape)


@pytest.mark.parametrize(
    ("shape", "n", "crop"),
    [((3, 4, 6, 2), 2, False), ((2, 5, 7, 3), 2, True), ((2, 7, 11, 2), 3, True), ((1, 1, 1, 1), 1, False)],
)
def test_gradients_and_plumbing(shape, n, crop):
    check_maps(max_pool_forward, max_pool_backward, maps(*shape), size=n, crop=crop)


def test_forward_is_the_definition():
    x = maps(3, 4, 6, 2)
    y, _ = max_pool_forward(x)
    for d, i, j in np.ndindex(3, 2, 3):
        assert np.array_equal(y[d, i, j], x[d, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].max(axis=(0, 1)))


def test_all_values_negative():
    y, _ = max_pool_forward(np.full((1, 2, 2, 1), -3.0))
    assert y.item() == -3


@pytest.mark.parametrize("first", range(4))
def test_of_equal_entries_the_first_gets_the_gradient(first):
    window = np.zeros(4)
    window[first:] = 7
    y, cache = max_pool_forward(window.reshape(1, 2, 2, 1))
    dx = max_pool_backward(cache, np.full_like(y, 5.0))
    assert np.array_equal(dx.ravel(), 5 * np.eye(4)[first])


@pytest.mark.parametrize("size", [(5, 4), (4, 5)])
def test_odd_sizes_are_refused_or_cropped(size):
    x = maps(2, *size, 3)
    with pytest.raises(ValueError, match=f"maps of {size[0]} x {size[1]} do not divide into windows of 2 x 2; crop"):
        max_pool_forward(x)
    y, cache = max_pool_forward(x, crop=True)
    assert np.array_equal(y, max_pool_forward(x[:, :4, :4])[0])
    dx = max_pool_backward(cache, np.ones_like(y))
    assert not dx[:, 4:].any()
    assert not dx[:, :, 4:].any()
    assert dx.sum() == y.size


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_kind_of_number_is_kept(dtype):
    y, cache = max_pool_forward(maps(2, 4, 4, 3).astype(dtype))
    assert y.dtype == max_pool_backward(cache, y).dtype == dtype
