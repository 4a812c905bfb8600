import numpy as np
import pytest

from drive import Operation, close
from handgrad.kernels import _rows as row
from handgrad.layers.dense import DenseParams, dense_backward, dense_forward
from handgrad.layers.softmax_cross_entropy import softmax_cross_entropy_backward, softmax_cross_entropy_forward

T, N, D, V = 5, 4, 3, 7
LENGTHS = np.array([5, 5, 3, 1])
REAL = (np.arange(T)[:, None] < LENGTHS).ravel()


def operation(dtype, chunk):
    rng = np.random.default_rng(0)
    W, b = rng.normal(size=(V, D)).astype(dtype), rng.normal(size=V).astype(dtype)
    h, classes, dl = rng.normal(size=(T * N, D)).astype(dtype), rng.integers(0, V, T * N), rng.random(T * N)
    op = Operation("token_cross_entropy", T * N, D, V, dtype, params=[W, b])
    r, size = op.row, op.acts.size
    r[[row.STEPS, row.CHUNK_ROWS, row.AUX, row.LENGTHS, row.LOGITS]] = T, chunk, size, size + T * N, size + 2 * T * N
    r[row.GATHERED] = r[row.LOGITS] + chunk * V
    op.acts = np.concatenate([op.acts, classes.astype(dtype), np.full(T * N + chunk * (V + D), np.nan, dtype)])
    op.deltas = np.full_like(op.acts, np.nan)
    op.acts[r[row.LENGTHS] :][:N] = LENGTHS
    op.x[:] = np.where(REAL[:, None], h, np.nan)
    dl = np.where(REAL, dl, 0).astype(dtype)
    op.deltas[r[row.OUT] :][: T * N] = dl
    op.n = N  # sequences
    return op, DenseParams(W, b), np.where(REAL[:, None], h, 0).T, np.eye(V, dtype=dtype)[classes].T, dl


def expected(params, h, t, dl):
    a, cache = dense_forward(params, h)
    losses, inner = softmax_cross_entropy_forward(a, t)
    dh, grads = dense_backward(params, cache, softmax_cross_entropy_backward(inner, dl))
    return np.where(REAL, losses, 0), dh.T, np.concatenate([each.ravel() for each in grads])


def losses(op):
    return op.acts[op.row[row.OUT] :][: T * N]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("chunk", [1, 4, 14, 20])
def test_equals_the_equations(dtype, chunk):
    op, params, h, t, dl = operation(dtype, chunk)
    op.run("token_cross_entropy_losses")
    alone = losses(op).copy()
    op.run("token_cross_entropy_forward")
    op.run("token_cross_entropy_backward")
    l, dh, grads = expected(params, h, t, dl)  # noqa: E741
    assert close(alone, l, dtype)
    assert close(losses(op), l, dtype)
    assert close(op.grads[1:-1], grads, dtype)
    assert np.isnan(op.grads[[0, -1]]).all(), "the kernel wrote outside its block"
    op.n = T * N
    assert close(op.dx, dh, dtype)


def test_large_logits_and_nan():
    op, params, h, t, dl = operation("float64", 20)
    op.params[1:-1] *= 1e4
    op.run("token_cross_entropy_losses")
    assert np.isfinite(losses(op)).all()
    op.x[:N, 0] = np.nan
    op.run("token_cross_entropy_losses")
    assert np.isnan(losses(op)[0]), "a NaN must stay visible"
