"""Maps as columns: against derivatives, and in the order of C."""

import numpy as np
import pytest

from handgrad.layers.flatten import flatten_backward, flatten_forward
from helpers import check_maps


@pytest.mark.parametrize("shape", [(2, 3, 5, 7), (1, 1, 1, 1), (3, 1, 2, 1)])
def test_gradients_and_plumbing(shape):
    x = np.random.default_rng(0).normal(size=shape)
    check_maps(flatten_forward, flatten_backward, x)
    y, cache = flatten_forward(x)
    assert np.array_equal(y, x.reshape(-1, shape[-1]))
    assert np.array_equal(flatten_backward(cache, y), x)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_kind_of_number_is_kept(dtype):
    y, cache = flatten_forward(np.ones((2, 2, 2, 3), dtype))
    assert y.dtype == flatten_backward(cache, y).dtype == dtype
