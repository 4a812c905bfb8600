import numpy as np
import pytest

import handgrad as hg
from drive import close
from drive_images import FORMS, ImageOperation
from handgrad.layers.subsample import SubsampleParams, subsample_backward, subsample_forward

CASES = [
    (1, (1, 2, 2), hg.Subsample()),
    (9, (3, 6, 4), hg.Subsample()),
    (5, (2, 7, 9), hg.Subsample(2, crop=True)),
    (8, (2, 9, 6), hg.Subsample(3)),
    (4, (2, 3, 2), hg.Subsample(1)),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES, ids=repr)
@pytest.mark.parametrize("form", FORMS)
def test_equals_the_equation(case, dtype, form):
    n, shape, layer = case
    rng = np.random.default_rng(2)
    params = SubsampleParams(*rng.normal(size=(2, shape[0])).astype(dtype))
    x, dy = (rng.normal(size=(*s, n)).astype(dtype) for s in (shape, layer.output_shape(shape)))
    y, cache = subsample_forward(params, x, layer.size, layer.crop)
    dx, grads = subsample_backward(params, cache, dy)
    op = ImageOperation(layer, shape, n, dtype, form, params=params)
    before = op.params.copy()
    assert close(op.forward(x), y, dtype)
    assert close(op.backward(dy), dx, dtype)
    gradient = np.concatenate(grads)
    if form == "online":
        assert close(op.params[:-1], before[:-1] - op.scalars[0] * gradient, dtype)
    else:
        assert close(op.grads[:-1], gradient, dtype)
        assert np.array_equal(op.params, before)
    assert np.isnan(op.grads[-1])
    assert op.params[-1] == 7
