import numpy as np
import pytest

import handgrad as hg
from drive import close
from drive_images import FORMS, ImageOperation
from handgrad.layers.max_pool import max_pool_backward, max_pool_forward

CASES = [
    (1, (1, 2, 2), hg.MaxPool2D()),
    (9, (3, 6, 4), hg.MaxPool2D()),
    (5, (2, 7, 9), hg.MaxPool2D(2, crop=True)),
    (8, (2, 9, 6), hg.MaxPool2D(3)),
    (4, (2, 3, 2), hg.MaxPool2D(1)),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES, ids=repr)
@pytest.mark.parametrize("form", FORMS)
def test_equals_the_equation(case, dtype, form):
    n, shape, layer = case
    rng = np.random.default_rng(2)
    x = rng.integers(-2, 3, size=(*shape, n)).astype(dtype)  # with many ties
    dy = rng.normal(size=(*layer.output_shape(shape), n)).astype(dtype)
    y, cache = max_pool_forward(x, layer.size, layer.crop)
    op = ImageOperation(layer, shape, n, dtype, form)
    assert close(op.forward(x), y, dtype)
    assert close(op.backward(dy), max_pool_backward(cache, dy), dtype)
    assert np.array_equal(op.get(op.acts, 0, op.shape), x), "the kernel changed its input"


@pytest.mark.parametrize("form", FORMS)
def test_nan_stays_visible(form):
    layer = hg.MaxPool2D()
    op = ImageOperation(layer, (1, 4, 4), 9, "float32", form)
    for place in range(4):
        x = np.zeros((1, 4, 4, 9), np.float32)
        x[0, place // 2, place % 2] = np.nan
        y = op.forward(x)
        assert np.isnan(y[0, 0, 0]).all()
        assert (y[0].reshape(4, 9)[1:] == 0).all()
        dx = op.backward(np.ones_like(y))
        assert np.allclose(dx.sum(axis=(0, 1, 2)), 4), "each cotangent goes to one pixel, whatever stands there"
