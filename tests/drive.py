"""Runs one operation of a kernel on arrays, as the interpreter would: rows of samples in, rows of samples out."""

import importlib
from collections.abc import Sequence

import numpy as np

from handgrad.kernels import _jit
from handgrad.kernels._rows import AUX, COLUMNS, IN, N_IN, N_OUT, NEEDS_DX, OUT, PARAM, SCALAR

TOLERANCE = {np.dtype("float64"): 1e-13, np.dtype("float32"): 2e-5}


@_jit.kernel
def drive_operation(address, row, n, params, grads, acts, deltas, scalars):
    _jit.call(
        address,
        _jit.pointer(row, 0),
        n,
        _jit.pointer(params, 0),
        _jit.pointer(grads, 0),
        _jit.pointer(acts, 0),
        _jit.pointer(deltas, 0),
        _jit.pointer(scalars, 0),
    )


class Operation:
    """The operations of one kind on a workspace of their own. Arrays go in and come out as (samples, features)."""

    def __init__(
        self, kind: str, n: int, n_in: int, n_out: int, dtype, *, params=(), constants: Sequence[float] = ()
    ) -> None:
        importlib.import_module(f"handgrad.kernels.{kind}")
        self.n, self.n_in, self.n_out, self.dtype = n, n_in, n_out, np.dtype(dtype)
        size = n * max(n_in, n_out) + 3
        self.acts = np.full(3 * size, np.nan, dtype)  # whatever is not written must not be read
        self.deltas = np.full(3 * size, np.nan, dtype)
        self.params = np.concatenate([[7.0], *(np.ravel(p) for p in params), [7.0]]).astype(dtype)
        self.grads = np.full_like(self.params, np.nan)
        self.scalars = np.array([0.1, *constants], dtype)
        self.row = np.zeros(COLUMNS, np.int64)
        self.row[[IN, OUT, AUX, N_IN, N_OUT, PARAM, SCALAR, NEEDS_DX]] = [1, size, 2 * size, n_in, n_out, 1, 1, 1]

    def run(self, name: str) -> None:
        address = _jit.address(name, self.dtype)
        with np.errstate(all="ignore"):  # machine code does not warn; with the JIT off, NumPy would
            self._drive(address)

    def _drive(self, address: int) -> None:
        drive_operation(address, self.row, self.n, self.params, self.grads, self.acts, self.deltas, self.scalars)

    def _part(self, array, column: int, width: int):
        start = self.row[column]
        return array[start : start + self.n * width].reshape(self.n, width)

    @property
    def x(self):
        return self._part(self.acts, IN, self.n_in)

    @property
    def y(self):
        return self._part(self.acts, OUT, self.n_out)

    @property
    def t(self):
        return self._part(self.acts, AUX, self.n_in)

    @property
    def dx(self):
        return self._part(self.deltas, IN, self.n_in)

    @property
    def dy(self):
        return self._part(self.deltas, OUT, self.n_out)


def close(kernel, equation, dtype) -> bool:
    """Equal up to rounding in ``dtype``, relative to the largest entry."""
    tolerance = TOLERANCE[np.dtype(dtype)]
    return bool(np.abs(kernel - equation).max() <= tolerance * max(np.abs(equation).max(), 1e-30))


def check_activation_kernel(kind: str, forward, backward, constants: Sequence[float] = ()) -> None:
    """Forward and backward equal the equations', in both dtypes, for one sample and for several."""
    rng = np.random.default_rng(0)
    for dtype in ("float64", "float32"):
        for n, width in ((1, 1), (3, 5), (2, 37)):
            op = Operation(kind, n, width, width, dtype, constants=constants)
            x = rng.normal(size=(n, width)).astype(dtype) * 3
            dy = rng.normal(size=(n, width)).astype(dtype)
            op.x[:], op.dy[:] = x, dy
            op.run(f"{kind}_forward")
            y, cache = forward(x.T, *constants)
            assert close(op.y, y.T, dtype)
            op.run(f"{kind}_backward")
            assert close(op.dx, backward(cache, dy.T, *constants).T, dtype)
            assert np.array_equal(op.x, x), "the kernel changed its input"
            assert np.array_equal(op.dy, dy), "the kernel changed its cotangent"


def check_loss_kernel(kind: str, forward, backward, targets) -> None:
    """Loss per sample and gradient equal the equations', in both dtypes, for one sample and for several."""
    rng = np.random.default_rng(0)
    for dtype in ("float64", "float32"):
        for n, width in ((1, 1), (3, 5), (2, 17)):
            op = Operation(kind, n, width, 1, dtype)
            x = rng.normal(size=(n, width)).astype(dtype) * 3
            t = targets(rng, (n, width)).astype(dtype)
            dl = rng.normal(size=(n, 1)).astype(dtype)
            op.x[:], op.t[:], op.dy[:] = x, t, dl
            op.run(f"{kind}_forward")
            l, cache = forward(x.T, t.T)  # noqa: E741
            assert np.abs(op.y[:, 0] - l).max() <= TOLERANCE[np.dtype(dtype)] * max(np.abs(l).max(), 1)
            op.run(f"{kind}_backward")
            expected = backward(cache, dl[:, 0]).T
            assert np.abs(op.dx - expected).max() <= TOLERANCE[np.dtype(dtype)] * max(np.abs(expected).max(), 1)
            assert np.array_equal(op.x, x), "the kernel changed its input"
