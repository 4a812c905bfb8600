import numpy as np
import pytest

from drive import Operation, close
from handgrad.kernels import _rows as row
from handgrad.kernels._blas import columns_by_columns, rows_by_columns, rows_by_rows
from handgrad.kernels._jit import kernel, pointer
from handgrad.kernels._several import affine_rows
from handgrad.layers.lstm import LstmParams, lstm_backward, lstm_forward

# sequences, steps, inputs, states; the last: enough sequences for BLAS, and more real steps than a chunk has
SIZES = [(1, 1, 1, 1), (3, 5, 2, 7), (4, 3, 5, 16), (1, 4, 17, 33), (101, 3, 2, 40)]


class Lstm(Operation):
    """The operations of an LSTM: arrays go in and come out as (steps, samples, features)."""

    def __init__(self, n, T, N, H, dtype, params, truncate=0, lengths=None, last=False, before=None):
        super().__init__("lstm", T * n, N, H, dtype, params=params)
        self.sequences, self.T, self.H = n, T, H
        self.top = self.acts.size
        r = self.row
        r[row.AUX], r[row.D_CELLS], r[row.LENGTHS] = self.place(H), self.place(n * H), self.place(n)
        r[row.GATHERED], r[row.GATES] = self.place(row.CHUNK * (N + H)), self.place(4 * H * T * n)
        self.place(n * H)
        r[row.CELLS] = self.place(T * n * H)
        self.place(n * H)
        r[row.HIDDEN] = r[row.OUT] = self.place(T * n * H)
        if last:
            r[row.OUT] = self.place(n * H)
        r[row.STEPS], r[row.TRUNCATE], r[row.CARRIED] = T, truncate, before is not None
        self.acts = np.concatenate([self.acts, np.full(self.top - self.acts.size, np.nan, dtype)])
        self.deltas = np.full_like(self.acts, np.nan)
        self.acts[r[row.LENGTHS] :][:n] = T if lengths is None else lengths
        for column, state in zip((row.HIDDEN, row.CELLS), before or (), strict=False):
            self.acts[r[column] - n * H :][: n * H] = state.T.ravel()

    def place(self, size):
        self.top += size
        return self.top - size

    def _drive(self, address):
        self.n, everything = self.sequences, self.n
        super()._drive(address)
        self.n = everything

    def states(self, array, column=row.HIDDEN):
        return array[self.row[column] :][: self.T * self.sequences * self.H].reshape(self.T, -1, self.H)


def problem(n, T, N, H, dtype):
    rng = np.random.default_rng(2)
    sizes = ((4 * H, H), (4 * H, N), (4 * H,), (T, N, n), (T, H, n), (H, n), (H, n))
    W, U, b, x, dh, h0, c0 = (
        (rng.normal(size=size) / np.sqrt(size[-1] if k < 2 else 1)).astype(dtype) for k, size in enumerate(sizes)
    )
    return LstmParams(W, U, b), x, dh, h0, c0


def flat(grads):
    return np.concatenate([each.ravel() for each in grads])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("form", ["", "_one"])
@pytest.mark.parametrize("carried", [False, True])
def test_equals_the_equation(sizes, dtype, form, carried):
    n, T, N, H = sizes
    params, x, dh, h0, c0 = problem(n, T, N, H, dtype)
    if not carried:
        h0, c0 = 0 * h0, 0 * c0
    op = Lstm(n, T, N, H, dtype, params, before=(h0, c0) if carried else None)
    op.x[:] = x.transpose(0, 2, 1).reshape(T * n, N)
    (h, c), cache = lstm_forward(params, x, h0, c0)
    op.run(f"lstm_forward{form}")
    assert close(op.states(op.acts), h.transpose(0, 2, 1), dtype)
    assert close(op.states(op.acts, row.CELLS), c.transpose(0, 2, 1), dtype)
    if form == "_one" and n > 1:
        return  # one sequence at a time: only forward takes several
    op.states(op.deltas)[:] = dh.transpose(0, 2, 1)
    op.run(f"lstm_backward{form}")
    dx, _, _, grads = lstm_backward(params, cache, dh)
    assert close(op.dx.reshape(T, n, N), dx.transpose(0, 2, 1), dtype)
    assert close(op.grads[1:-1], flat(grads), dtype)
    assert np.isnan(op.grads[[0, -1]]).all(), "the kernel wrote outside its block"


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("truncate", [0, 2])
@pytest.mark.parametrize("carried", [False, True])
@pytest.mark.parametrize(("n", "form"), [(4, ""), (101, ""), (1, "_one")])
def test_lengths_and_truncation(last, truncate, carried, n, form):
    T, N, H = 5, 3, 4
    params, x, dh, h0, c0 = problem(n, T, N, H, "float64")
    if not carried:
        h0, c0 = 0 * h0, 0 * c0
    lengths = {1: np.array([3]), 4: np.array([5, 3, 3, 1]), 101: np.repeat([5, 4, 3, 1], [10, 30, 58, 3])}[n]
    if last:
        dh[:-1] = 0
    op = Lstm(n, T, N, H, "float64", params, truncate, lengths, last, (h0, c0) if carried else None)
    op.x[:] = np.where(np.arange(T)[:, None, None] < lengths, x, np.nan).transpose(0, 2, 1).reshape(T * n, N)
    (h, _), cache = lstm_forward(params, x, h0, c0, lengths)
    op.run(f"lstm_forward{form}")
    assert close(op.states(op.acts), h.transpose(0, 2, 1), "float64")
    if last:
        assert close(op.acts[op.row[row.OUT] :][: n * H].reshape(n, H), h[-1].T, "float64")
        op.deltas[op.row[row.OUT] :][: n * H] = dh[-1].T.ravel()
    else:
        op.states(op.deltas)[:] = dh.transpose(0, 2, 1)
    op.run(f"lstm_backward{form}")
    dx, _, _, grads = lstm_backward(params, cache, dh, truncate=truncate or None)
    assert close(op.dx.reshape(T, n, N), dx.transpose(0, 2, 1), "float64")
    assert close(op.grads[1:-1], flat(grads), "float64")


def test_more_steps_than_one_chunk():
    """The gradients of the weights are summed over several chunks, of which the last is not full."""
    n, T, N, H = 7, 41, 2, 3
    params, x, dh, h0, c0 = problem(n, T, N, H, "float64")
    lengths = np.array([41, 41, 40, 40, 39, 38, 30])
    assert lengths.sum() > row.CHUNK
    op = Lstm(n, T, N, H, "float64", params, lengths=lengths)
    op.x[:] = x.transpose(0, 2, 1).reshape(T * n, N)
    op.run("lstm_forward")
    op.states(op.deltas)[:] = dh.transpose(0, 2, 1)
    op.run("lstm_backward")
    _, cache = lstm_forward(params, x, 0 * h0, 0 * c0, lengths)
    assert close(op.grads[1:-1], flat(lstm_backward(params, cache, dh)[3]), "float64")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("needs_dx", [0, 1])
@pytest.mark.parametrize("length", [1, 4])
def test_the_fused_step_is_gradient_then_sgd(dtype, needs_dx, length):
    n, T, N, H = 1, 4, 17, 9
    params, x, dh, h0, c0 = problem(n, T, N, H, dtype)
    op = Lstm(n, T, N, H, dtype, params, lengths=[length])
    op.row[row.NEEDS_DX] = needs_dx
    op.x[:] = x[:, :, 0]
    op.run("lstm_forward_one")
    op.states(op.deltas)[:] = dh.transpose(0, 2, 1)
    before = op.params.copy()
    op.run("lstm_backward_sgd")  # scalars[0], the learning rate, is 0.1
    _, cache = lstm_forward(params, x, 0 * h0, 0 * c0, np.array([length]))
    dx, _, _, grads = lstm_backward(params, cache, dh)
    assert close(op.params[1:-1], before[1:-1] - np.asarray(0.1, dtype) * flat(grads), dtype)
    assert op.params[0] == op.params[-1] == 7, "the kernel wrote outside its block"
    if needs_dx:
        assert close(op.dx, dx[:, :, 0], dtype), "dx must be made with the weights before the step"
    else:
        assert np.isnan(op.dx).all()


@pytest.mark.parametrize(
    ("n", "H", "parts"), [(1, 5, 1), (2, 5, 1), (5, 5, 1), (1, 19, 2), (3, 19, 2), (8, 16, 2), (9, 21, 3)]
)
def test_a_step_of_several_sequences_part_by_part(n, H, parts):
    N = 6
    params, x, _, h0, c0 = problem(n, 3, N, H, "float64")
    (h, c), _ = lstm_forward(params, x, h0, c0)
    op = Lstm(n, 1, N, H, "float64", params, before=(h0, c0))
    op.row[row.PARTS] = parts
    for t in range(3):
        op.x[:] = x[t].T
        for part in range(parts):
            op.row[row.PART] = part
            op.run("lstm_forward_step")
        for column, expected in ((row.HIDDEN, h[t]), (row.CELLS, c[t])):
            now, size = op.states(op.acts, column)[0], n * H
            assert close(now, expected.T, "float64")
            op.acts[op.row[column] - size :][:size] = now.ravel()


@kernel
def _products(A, B, At, Bt, keep, by_rows, by_columns, turned):
    M, K, N = A.shape[0], A.shape[1], B.shape[1]
    rows_by_rows(M, N, K, pointer(A, 0), pointer(Bt, 0), keep, pointer(by_rows, 0))
    rows_by_columns(M, N, K, pointer(A, 0), pointer(B, 0), keep, pointer(by_columns, 0))
    columns_by_columns(M, N, K, A.dtype.type(0.5), pointer(At, 0), pointer(B, 0), keep, pointer(turned, 0))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("keep", [0, 1])
def test_products(dtype, keep):
    rng = np.random.default_rng(0)
    A, B = rng.normal(size=(3, 4)).astype(dtype), rng.normal(size=(4, 5)).astype(dtype)
    found = [np.full((3, 5), 2 if keep else np.nan, dtype) for _ in range(3)]
    _products(A, B, np.ascontiguousarray(A.T), np.ascontiguousarray(B.T), keep, *found)
    for each, scale in zip(found, (1, 1, 0.5), strict=True):
        assert close(each, scale * (A @ B) + 2 * keep, dtype)


@kernel
def _affine_rows(W, b, x, a, turned):
    n, M, N = x.shape[0], W.shape[0], W.shape[1]
    affine_rows(n, M, N, pointer(W, 0), b, pointer(x, 0), pointer(a, 0), pointer(turned, 0))


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 11])
@pytest.mark.parametrize("M", [3, 4, 9, 16, 21])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize("N", [3, 8, 21])
def test_a_matrix_times_a_few_vectors(n, M, N, dtype, biased):
    rng = np.random.default_rng(0)
    W, x, a = (rng.normal(size=size).astype(dtype) for size in ((M, N), (n, N), (n, M)))
    b = rng.normal(size=M if biased else 0).astype(dtype)
    expected = x @ W.T + (b if biased else a)
    scratch = np.full(8 * N + 1, np.nan, dtype)
    _affine_rows(W, b, x, a, scratch)
    assert np.isnan(scratch[-1])
    assert close(a, expected, dtype)
