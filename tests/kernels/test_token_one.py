import numpy as np
import pytest

from drive import Operation, close
from handgrad.kernels import _rows as row
from handgrad.kernels import token_cross_entropy  # noqa: F401  # registers its forms
from handgrad.layers.dense import DenseParams, dense_backward, dense_forward
from handgrad.layers.softmax_cross_entropy import softmax_cross_entropy_backward, softmax_cross_entropy_forward


class InParts(Operation):
    """The operations that follow each other, each of the two divided ones on all its parts, the last part first."""

    def step(self) -> None:
        parts = range(self.row[row.PARTS] - 1, -1, -1)
        for name, turns in (("columns", [0]), ("scores", parts), ("step", parts), ("sums", [0])):
            for part in turns:
                self.row[row.PART] = part
                self.run(f"token_cross_entropy_{name}")


def operation(dtype, T, length, V=7, D=3, needs_dx=1, parts=1):
    """The step of one sequence of ``length`` real steps out of T, NaN wherever nothing is to be read."""
    rng = np.random.default_rng(0)
    W, b = rng.normal(size=(V, D)).astype(dtype), rng.normal(size=V).astype(dtype)
    h, classes = rng.normal(size=(T, D)).astype(dtype), rng.integers(0, V, T)
    op = InParts("token_cross_entropy", T, D, V, dtype, params=[W, b])
    r, size, columns = op.row, op.acts.size, -row.COLUMNS_TOGETHER * (-T // row.COLUMNS_TOGETHER)
    r[[row.STEPS, row.CHUNK_ROWS, row.AUX, row.LENGTHS, row.LOGITS]] = T, columns, size, size + T, size + 1 + T
    r[row.PARTS] = parts
    r[row.GATHERED], r[row.NEEDS_DX] = r[row.LOGITS] + columns * V, needs_dx
    scratch = np.full(1 + columns * (V + 2 * D + parts * (D + 4)), np.nan, dtype)
    op.acts = np.concatenate([op.acts, classes.astype(dtype), scratch, np.full(1, np.nan, dtype)])
    op.deltas = np.full_like(op.acts, np.nan)
    op.acts[r[row.LENGTHS]] = length
    op.x[:] = np.where(np.arange(T)[:, None] < length, h, np.nan)
    dl = rng.random(T).astype(dtype)
    op.deltas[r[row.OUT] :][:T] = dl
    op.n = 1
    return op, DenseParams(W, b), h[:length].T, np.eye(V, dtype=dtype)[classes[:length]].T, dl[:length]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("T", "length", "V", "D", "parts"),
    [(1, 1, 7, 3, 1), (5, 5, 7, 3, 1), (9, 4, 8, 4, 2), (6, 1, 131, 5, 8), (20, 18, 300, 17, 1), (20, 18, 300, 17, 2)],
)
def test_gradient_and_then_the_step(dtype, T, length, V, D, parts):
    op, params, h, t, dl = operation(dtype, T, length, V, D, parts=parts)
    before = op.params.copy()
    op.step()
    a, cache = dense_forward(params, h)
    losses, inner = softmax_cross_entropy_forward(a, t)
    dh, grads = dense_backward(params, cache, softmax_cross_entropy_backward(inner, dl))
    said = op.acts[op.row[row.OUT] :][:T]
    assert close(said[:length], losses, dtype)
    assert (said[length:] == 0).all()
    flat = np.concatenate([each.ravel() for each in grads])
    assert close(op.params[1:-1], before[1:-1] - np.asarray(0.1, dtype) * flat, dtype)
    assert (op.params[[0, -1]] == 7).all(), "the kernel wrote outside its block"
    assert np.isnan(op.acts[-1]), "the kernel wrote behind its scratch"
    op.n = T
    assert close(op.dx[:length], dh.T, dtype)
    assert (op.dx[length:] == 0).all()


def test_without_dh_the_same_step():
    ops = [operation("float64", 6, 5, needs_dx=needs)[0] for needs in (0, 1)]
    for op in ops:
        op.step()
    np.testing.assert_array_equal(ops[0].params, ops[1].params)
    ops[0].n = 6
    assert np.isnan(ops[0].dx).all()


def test_large_logits_and_nan():
    op = operation("float64", 5, 5, V=9, parts=2)[0]
    op.params[1:-1] *= 1e4
    op.step()
    assert np.isfinite(op.acts[op.row[row.OUT] :][:5]).all()
    op.acts[op.row[row.IN] + 2 * op.n_in] = np.nan
    op.step()
    assert np.isnan(op.acts[op.row[row.OUT] + 2]), "a NaN must stay visible"
