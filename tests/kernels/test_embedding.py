import numpy as np
import pytest

from drive import Operation, close
from handgrad.kernels import _rows as row
from handgrad.layers.embedding import EmbeddingParams, embedding_backward, embedding_forward

V, D, T, N = 5, 3, 4, 6
TOKENS = np.array([[0, 1, 1, 4, 1, 2], [1, 1, 0, 0, 2, 2], [4, 4, 4, 1, 0, 3], [2, 3, 1, 0, 4, 4]])
LENGTHS = np.array([4, 4, 3, 2, 2, 1])  # repeated tokens in a step, in a sequence, and hidden in the padding


def operation(dtype):
    E = np.random.default_rng(0).normal(size=(V, D)).astype(dtype)
    op = Operation("embedding", T * N, 1, D, dtype, params=[E])
    op.row[[row.STEPS, row.TOKENS, row.LENGTHS]] = T, V, op.acts.size
    op.acts = np.concatenate([op.acts, LENGTHS.astype(dtype)])
    op.x[:] = np.where(np.arange(T)[:, None] < LENGTHS, TOKENS, 0).reshape(-1, 1)
    op.n = N  # sequences
    return op, EmbeddingParams(E)


def part(op, array):
    return array[op.row[row.OUT] :][: T * N * D].reshape(T, N, D)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_equals_the_equation(dtype):
    op, params = operation(dtype)
    x, cache = embedding_forward(params, TOKENS, LENGTHS)
    op.run("embedding_forward")
    assert np.array_equal(part(op, op.acts), x.transpose(0, 2, 1))
    dx = np.random.default_rng(1).normal(size=(T, D, N)).astype(dtype)
    part(op, op.deltas)[:] = dx.transpose(0, 2, 1)
    op.run("embedding_backward")
    assert close(op.grads[1:-1], embedding_backward(params, cache, dx).E.ravel(), dtype)
    assert np.isnan(op.grads[[0, -1]]).all(), "the kernel wrote outside its block"


def test_the_fused_step_is_gradient_then_sgd():
    op, params = operation("float64")
    _, cache = embedding_forward(params, TOKENS, LENGTHS)
    dx = np.random.default_rng(1).normal(size=(T, D, N))
    part(op, op.deltas)[:] = dx.transpose(0, 2, 1)
    before = op.params.copy()
    op.run("embedding_backward_sgd")
    assert close(op.params[1:-1], before[1:-1] - 0.1 * embedding_backward(params, cache, dx).E.ravel(), "float64")
