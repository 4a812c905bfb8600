import numpy as np
import pytest

from drive import Operation, close
from handgrad.kernels import _rows as row
from handgrad.layers._activations import ACTIVATIONS
from handgrad.layers.rnn import RnnParams, rnn_backward, rnn_forward

# sequences, steps, inputs, states: few and many inputs and states take other ways, H = 16 is laid out without loops,
# and H = 97 leaves the nearest cache
SIZES = [(1, 1, 1, 1), (3, 5, 2, 7), (1, 4, 17, 33), (2, 3, 5, 16), (1, 8, 2, 16), (1, 35, 3, 22), (1, 3, 2, 97)]


class Recurrent(Operation):
    """The operations of a recurrent layer: arrays go in and come out as (steps, samples, features)."""

    def __init__(self, n, T, D, H, dtype, params, f="tanh", truncate=0, lengths=None, last=False, h0=None):
        super().__init__("rnn", T * n, D, H, dtype, params=params)
        self.sequences, self.T, self.H = n, T, H
        base = self.acts.size
        extra = np.full(4 * T * n * H + 2 * n * H + n + H * (H + D), np.nan, dtype)
        self.acts, self.deltas = np.concatenate([self.acts, extra]), np.concatenate([self.deltas, extra])
        r = self.row
        r[row.HIDDEN] = base + n * H
        r[row.OUT] = r[row.HIDDEN] + T * n * H if last else r[row.HIDDEN]
        r[row.AUX] = r[row.HIDDEN] + 2 * T * n * H
        r[row.LENGTHS] = r[row.AUX] + n * H
        r[row.COLUMNWISE] = r[row.LENGTHS] + n
        r[row.STEPS], r[row.TRUNCATE], r[row.CARRIED] = T, truncate, h0 is not None
        r[row.ACTIVATION] = list(ACTIVATIONS).index(f)
        self.acts[r[row.LENGTHS] :][:n] = T if lengths is None else lengths
        self.acts[r[row.HIDDEN] - n * H :][: n * H] = 0 if h0 is None else h0.T.ravel()

    def _drive(self, address):
        self.n, everything = self.sequences, self.n
        super()._drive(address)
        self.n = everything

    def states(self, array):
        return array[self.row[row.HIDDEN] :][: self.T * self.sequences * self.H].reshape(self.T, -1, self.H)


def problem(n, T, D, H, dtype):
    rng = np.random.default_rng(2)
    sizes = ((H, H), (H, D), (H,), (T, D, n), (T, H, n), (H, n))
    W, U, b, x, dy, h0 = (
        rng.normal(size=size).astype(dtype) / np.sqrt(size[-1] if k < 2 else 1) for k, size in enumerate(sizes)
    )
    return RnnParams(*(each.astype(dtype) for each in (W, U, b))), *(each.astype(dtype) for each in (x, dy, h0))


def flat(grads):
    return np.concatenate([each.ravel() for each in grads])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("form", ["", "_one"])
@pytest.mark.parametrize("carried", [False, True])
def test_equals_the_equation(sizes, dtype, form, carried):
    n, T, D, H = sizes
    params, x, dy, h0 = problem(n, T, D, H, dtype)
    h0 = h0 if carried else 0 * h0
    op = Recurrent(n, T, D, H, dtype, params, h0=h0 if carried else None)
    op.x[:] = x.transpose(0, 2, 1).reshape(T * n, D)
    y, cache = rnn_forward(params, x, h0)
    op.run(f"rnn_forward{form}")
    assert close(op.states(op.acts), y.transpose(0, 2, 1), dtype)
    if form == "_one" and n > 1:
        return  # one sequence at a time: only forward takes several
    op.states(op.deltas)[:] = dy.transpose(0, 2, 1)
    op.run(f"rnn_backward{form}")
    dx, _, grads = rnn_backward(params, cache, dy)
    assert close(op.dx.reshape(T, n, D), dx.transpose(0, 2, 1), dtype)
    assert close(op.grads[1:-1], flat(grads), dtype)
    assert np.isnan(op.grads[[0, -1]]).all(), "the kernel wrote outside its block"


@pytest.mark.parametrize("f", sorted(ACTIVATIONS))
@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("truncate", [0, 2])
@pytest.mark.parametrize(("n", "form"), [(4, ""), (1, "_one")])
def test_activations_lengths_and_truncation(f, last, truncate, n, form):
    T, D, H = 5, 3, 4
    params, x, dy, _ = problem(n, T, D, H, "float64")
    lengths = np.array([5, 3, 3, 1])[:n] if n > 1 else np.array([3])
    if last:
        dy[:-1] = 0
    op = Recurrent(n, T, D, H, "float64", params, f, truncate, lengths, last)
    op.x[:] = x.transpose(0, 2, 1).reshape(T * n, D)
    y, cache = rnn_forward(params, x, np.zeros((H, n)), f, lengths)
    op.run(f"rnn_forward{form}")
    assert close(op.states(op.acts), y.transpose(0, 2, 1), "float64")
    if last:
        assert close(op.acts[op.row[row.OUT] :][: n * H].reshape(n, H), y[-1].T, "float64")
        op.deltas[op.row[row.OUT] :][: n * H] = dy[-1].T.ravel()
    else:
        op.states(op.deltas)[:] = dy.transpose(0, 2, 1)
    op.run(f"rnn_backward{form}")
    dx, _, grads = rnn_backward(params, cache, dy, truncate or None)
    real = np.arange(T)[:, None] < lengths
    assert close(op.dx.reshape(T, n, D)[real], dx.transpose(0, 2, 1)[real], "float64")
    assert close(op.grads[1:-1], flat(grads), "float64")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("sizes", [each for each in SIZES if each[0] == 1])
@pytest.mark.parametrize("needs_dx", [0, 1])
def test_the_fused_step_is_gradient_then_sgd(sizes, dtype, needs_dx):
    n, T, D, H = sizes
    params, x, dy, _ = problem(n, T, D, H, dtype)
    op = Recurrent(n, T, D, H, dtype, params)
    op.row[row.NEEDS_DX] = needs_dx
    op.x[:] = x[:, :, 0]
    op.run("rnn_forward_one")
    op.states(op.deltas)[:] = dy.transpose(0, 2, 1)
    before = op.params.copy()
    op.run("rnn_backward_sgd")  # scalars[0], the learning rate, is 0.1
    dx, _, grads = rnn_backward(params, rnn_forward(params, x, np.zeros((H, 1), dtype))[1], dy)
    assert close(op.params[1:-1], before[1:-1] - np.asarray(0.1, dtype) * flat(grads), dtype)
    assert op.params[0] == op.params[-1] == 7, "the kernel wrote outside its block"
    if needs_dx:
        assert close(op.dx, dx[:, :, 0], dtype), "dx must be made with the weights before the step"
    else:
        assert np.isnan(op.dx).all()
