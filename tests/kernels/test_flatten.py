import numpy as np
import pytest

import handgrad as hg
from drive import close
from drive_images import FORMS, ImageOperation
from handgrad.kernels._rows import IN, LANES, OUT
from handgrad.layers.flatten import flatten_backward, flatten_forward


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("n", "shape"), [(1, (1, 1, 1)), (9, (3, 2, 5)), (5, (2, 3, 1)), (16, (1, 2, 2))])
@pytest.mark.parametrize("form", FORMS)
def test_equals_the_equation(n, shape, dtype, form):
    rng = np.random.default_rng(2)
    size = int(np.prod(shape))
    x, dy = rng.normal(size=(*shape, n)).astype(dtype), rng.normal(size=(size, n)).astype(dtype)
    y, cache = flatten_forward(x)
    op = ImageOperation(hg.Flatten(), shape, n, dtype, form)
    op.put(op.acts, IN, x, fill=1)
    op.run(0)
    assert close(op.acts[op.row[OUT] :][: n * size].reshape(n, size).T, y, dtype)
    op.deltas[op.row[OUT] :][: n * size] = dy.T.ravel()
    op.run(1)
    assert close(op.get(op.deltas, IN, shape), flatten_backward(cache, dy), dtype)
    if op.lanes == LANES:
        everything = op.deltas[op.row[IN] :][: -(-n // LANES) * LANES * size].reshape(-1, size, LANES)
        assert (everything[-1, :, (n - 1) % LANES + 1 :] == 0).all(), "what fills up a block must get no gradient"
