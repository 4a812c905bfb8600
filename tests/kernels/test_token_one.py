import numpy as np
import pytest

from drive import Operation, close
from handgrad.kernels import _rows as row
from handgrad.kernels import token_cross_entropy  # noqa: F401  # registers its forms
from handgrad.layers.dense import DenseParams, dense_backward, dense_forward
from handgrad.layers.softmax_cross_entropy import softmax_cross_entropy_backward, softmax_cross_entropy_forward


def operation(dtype, T, length, V=7, D=3, needs_dx=1):
    """The step of one sequence of ``length`` real steps out of T, NaN wherever nothing is to be read."""
    rng = np.random.default_rng(0)
    W, b = rng.normal(size=(V, D)).astype(dtype), rng.normal(size=V).astype(dtype)
    h, classes = rng.normal(size=(T, D)).astype(dtype), rng.integers(0, V, T)
    op = Operation("token_cross_entropy", T, D, V, dtype, params=[W, b])
    r, size, columns = op.row, op.acts.size, -row.COLUMNS_TOGETHER * (-T // row.COLUMNS_TOGETHER)
    r[[row.STEPS, row.CHUNK_ROWS, row.AUX, row.LENGTHS, row.LOGITS]] = T, columns, size, size + T, size + 1 + T
    r[row.GATHERED], r[row.NEEDS_DX] = r[row.LOGITS] + columns * V, needs_dx
    scratch = np.full(1 + columns * (V + 3 * D + 3), np.nan, dtype)
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
    ("T", "length", "V", "D"), [(1, 1, 7, 3), (5, 5, 7, 3), (9, 4, 8, 4), (6, 1, 131, 5), (20, 18, 300, 17)]
)
def test_gradient_and_then_the_step(dtype, T, length, V, D):
    op, params, h, t, dl = operation(dtype, T, length, V, D)
    before = op.params.copy()
    op.run("token_cross_entropy_forward_sgd")
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
        op.run("token_cross_entropy_forward_sgd")
    np.testing.assert_array_equal(ops[0].params, ops[1].params)
    ops[0].n = 6
    assert np.isnan(ops[0].dx).all()


def test_large_logits_and_nan():
    op = operation("float64", 5, 5)[0]
    op.params[1:-1] *= 1e4
    op.run("token_cross_entropy_forward_sgd")
    assert np.isfinite(op.acts[op.row[row.OUT] :][:5]).all()
    op.acts[op.row[row.IN] + 2 * op.n_in] = np.nan
    op.run("token_cross_entropy_forward_sgd")
    assert np.isnan(op.acts[op.row[row.OUT] + 2]), "a NaN must stay visible"
