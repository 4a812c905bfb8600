import numpy as np
import pytest

import handgrad as hg
from drive import close
from drive_images import FORMS, ImageOperation
from handgrad.layers.mean_pool import mean_pool_backward, mean_pool_forward

CASES = [
    (1, (1, 2, 2), hg.MeanPool2D()),
    (9, (3, 6, 4), hg.MeanPool2D()),
    (5, (2, 7, 9), hg.MeanPool2D(2, crop=True)),
    (8, (2, 9, 6), hg.MeanPool2D(3)),
    (4, (2, 3, 2), hg.MeanPool2D(1)),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES, ids=repr)
@pytest.mark.parametrize("form", FORMS)
def test_equals_the_equation(case, dtype, form):
    n, shape, layer = case
    rng = np.random.default_rng(2)
    x = rng.integers(-2, 3, size=(*shape, n)).astype(dtype)  # with many ties
    dy = rng.normal(size=(*layer.output_shape(shape), n)).astype(dtype)
    y, cache = mean_pool_forward(x, layer.size, layer.crop)
    op = ImageOperation(layer, shape, n, dtype, form)
    assert close(op.forward(x), y, dtype)
    assert close(op.backward(dy), mean_pool_backward(cache, dy), dtype)
    assert np.array_equal(op.get(op.acts, 0, op.shape), x), "the kernel changed its input"
