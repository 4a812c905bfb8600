"""Products, sums and transposes in vector registers: every tile, and what is left over beside the tiles."""

import numpy as np
import pytest

from drive import close
from handgrad.kernels._jit import kernel, pointer
from handgrad.kernels._small import (
    add_narrow_product,
    add_product,
    add_sum,
    add_vector_product,
    product,
    transpose,
)
from handgrad.kernels.dense import affine_of_all

DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])
# M, N, n: rows and columns of C, and what is summed over; 16 is laid out without a loop
SIZES = pytest.mark.parametrize("sizes", [(1, 1, 1), (5, 23, 6), (9, 37, 1), (4, 16, 16), (2, 3, 5), (6, 20, 19)])


def arrays(dtype, *shapes):
    """Arrays of random numbers."""
    rng = np.random.default_rng(3)
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


def guarded(array):
    """A copy of the array, and of the same with a frame of zeros around it, in which the copy stands."""
    whole = np.zeros(array.size + 32, array.dtype)
    inside = whole[16:-16].reshape(array.shape)
    inside[...] = array
    return whole, inside


def frame_is_zero(whole):
    return not whole[:16].any() and not whole[-16:].any()


@kernel
def _add_product(scale, C, A, B, transposed):
    M, N, n = C.shape[0], C.shape[1], B.shape[0]
    a_row, a_column = (1, M) if transposed else (n, 1)
    add_product(M, N, n, scale, pointer(C, 0), pointer(A, 0), a_row, a_column, pointer(B, 0))
    add_vector_product(N, n, pointer(C, 0), pointer(A, 0), a_column, pointer(B, 0))


@DTYPES
@SIZES
@pytest.mark.parametrize("transposed", [False, True])
def test_products_are_added(sizes, transposed, dtype):
    M, N, n = sizes
    start, A, B = arrays(dtype, (M, N), (M, n), (n, N))
    expected = start + 0.5 * A @ B
    expected[0] += A[0] @ B
    whole, C = guarded(start)
    _add_product(C.dtype.type(0.5), C, np.ascontiguousarray(A.T if transposed else A), B, transposed)
    assert close(C, expected, dtype)
    assert frame_is_zero(whole)


@kernel
def _product_of_one_row(scale, C, s, A, B):
    M, N, n = C.shape[0], C.shape[1], B.shape[0]
    product(M, N, n, scale, pointer(C, 0), pointer(s, 0), 0, pointer(A, 0), n, 1, pointer(B, 0))


@DTYPES
@SIZES
def test_a_product_begins_with_one_row_for_all(sizes, dtype):
    M, N, n = sizes
    s, A, B = arrays(dtype, N, (M, n), (n, N))
    whole, C = guarded(np.full((M, N), np.nan, dtype))
    _product_of_one_row(C.dtype.type(0.5), C, s, A, B)
    assert close(C, s + 0.5 * A @ B, dtype)
    assert frame_is_zero(whole)


@kernel
def _add_narrow_product(scale, C, A, B):
    M, N, n = C.shape[0], C.shape[1], B.shape[0]
    add_narrow_product(M, N, n, scale, pointer(C, 0), pointer(A, 0), pointer(B, 0))


@DTYPES
@pytest.mark.parametrize("sizes", [(1, 1, 1), (8, 2, 5), (19, 5, 4), (16, 2, 8), (7, 4, 3)])
def test_narrow_products(sizes, dtype):
    M, N, n = sizes
    start, A, B = arrays(dtype, (M, N), (n, M), (n, N))
    whole, C = guarded(start)
    _add_narrow_product(C.dtype.type(0.5), C, A, B)
    assert close(C, start + 0.5 * A.T @ B, dtype)
    assert frame_is_zero(whole)


@kernel
def _add_sum(scale, c, B):
    add_sum(c.size, B.shape[0], scale, pointer(c, 0), pointer(B, 0))


@DTYPES
@pytest.mark.parametrize(("N", "n"), [(1, 1), (23, 6), (16, 8), (7, 3), (39, 1)])
def test_sums_of_rows(N, n, dtype):
    start, B = arrays(dtype, N, (n, N))
    whole, c = guarded(start)
    _add_sum(c.dtype.type(0.5), c, B)
    assert close(c, start + 0.5 * B.sum(axis=0), dtype)
    assert frame_is_zero(whole)


@kernel
def _transpose(B, A):
    transpose(A.shape[0], A.shape[1], pointer(B, 0), pointer(A, 0))


@DTYPES
@pytest.mark.parametrize("shape", [(1, 1), (8, 8), (16, 16), (16, 2), (19, 25), (3, 17)])
def test_transpose(shape, dtype):
    (A,) = arrays(dtype, shape)
    whole, B = guarded(np.full(shape[::-1], np.nan, dtype))
    _transpose(B, A)
    assert np.array_equal(B, A.T)
    assert frame_is_zero(whole)


@kernel
def _affine_of_all(W, b, x, a):
    M, N = W.shape
    affine_of_all(M, N, x.shape[0], pointer(W, 0), pointer(b, 0), pointer(x, 0), pointer(a, 0))


@DTYPES
@pytest.mark.parametrize(("M", "N", "n"), [(2, 16, 8), (1, 3, 9), (5, 21, 17), (4, 8, 3)])
def test_affine_of_many_samples(M, N, n, dtype):
    W, b, x = arrays(dtype, (M, N), M, (n, N))
    whole, a = guarded(np.full((n, M), np.nan, dtype))
    _affine_of_all(W, b, x, a)
    assert close(a, x @ W.T + b, dtype)
    assert frame_is_zero(whole)
