import numpy as np
import pytest

import handgrad as hg
from drive import close
from drive_images import FORMS, ImageOperation
from handgrad.layers.conv import ConvParams, conv_backward, conv_forward

LINKS = [[1, 0, 1, 1, 0], [0, 1, 1, 1, 1], [1, 1, 1, 0, 1]]
# samples, (channels, height, width), layer: sides longer and shorter than every tile, odd ones, and those of LeNet-5
CASES = [
    (1, (1, 5, 5), hg.Conv2D(1, 5)),
    (9, (2, 9, 12), hg.Conv2D(3, 5)),
    (3, (3, 7, 9), hg.Conv2D(5, 3, stride=2, padding=1, links=LINKS)),
    (11, (3, 14, 14), hg.Conv2D(5, 5, links=LINKS)),
    (5, (2, 13, 11), hg.Conv2D(3, (2, 4), stride=3, padding=2)),
    (8, (1, 6, 29), hg.Conv2D(2, (1, 2))),
    (4, (1, 9, 9), hg.Conv2D(2, 7, padding=3)),
    (2, (2, 6, 5), hg.Conv2D(2, 1)),
]


def problem(n, shape, layer, dtype, form):
    rng = np.random.default_rng(2)
    shapes = layer.parameter_shapes(shape)
    W, b = (rng.normal(size=shapes[name]).astype(dtype) for name in ("W", "b"))
    x, dy = (rng.normal(size=(*s, n)).astype(dtype) for s in (shape, layer.output_shape(shape)))
    links = None if layer.links is None else np.array(layer.links)
    y, cache = conv_forward(ConvParams(W, b), x, layer.stride, layer.padding, links)
    dx, grads = conv_backward(ConvParams(W, b), cache, dy)
    op = ImageOperation(layer, shape, n, dtype, form, params=[W, b])
    return op, x, dy, y, dx, np.concatenate([grads.W.ravel(), grads.b])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES, ids=repr)
@pytest.mark.parametrize("form", FORMS)
def test_equals_the_equation(case, dtype, form):
    op, x, dy, y, dx, gradient = problem(*case, dtype, form)
    before = op.params.copy()
    assert close(op.forward(x), y, dtype)
    assert close(op.backward(dy), dx, dtype)
    if form == "online":
        assert close(op.params[:-1], before[:-1] - op.scalars[0] * gradient, dtype)
        assert np.isnan(op.grads).all()
    else:
        assert close(op.grads[:-1], gradient, dtype)
        assert np.isnan(op.grads[-1]), "the kernel wrote outside its block"
        assert np.array_equal(op.params, before)
    assert op.params[-1] == 7
    assert np.array_equal(op.get(op.acts, 0, op.shape), x), "the kernel changed its input"


@pytest.mark.parametrize("form", FORMS)
def test_a_link_that_is_not_there_is_not_computed(form):
    """An input that is not finite reaches no output but those that see it."""
    layer = hg.Conv2D(5, 3, links=LINKS)
    op, x, dy, y, *_ = problem(9, (3, 8, 8), layer, "float32", form)
    x[1] = np.nan
    out = op.forward(x)
    seen = np.array(layer.links)[1].astype(bool)
    assert np.isnan(out[seen]).all()
    assert close(out[~seen], y[~seen], "float32")
