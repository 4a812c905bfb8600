"""Products of large matrices by BLAS, on pointers: into a block that stands anywhere, or added to what stands there.

``np.dot`` in a kernel calls the same function, but it can only overwrite its result. Here ``keep`` = 1 adds to it: the
products of a recurrent layer's input and of its state meet in one place, and a gradient grows chunk by chunk.
All matrices lie row by row without gaps.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.linalg import check_blas_return, ensure_blas, get_blas_kind

from handgrad.kernels._jit import DISABLED, kernel, matrix

if DISABLED:

    def _gemm(M, N, K, scale, a, a_turned, b, b_turned, keep, c):
        """C <- keep C + scale A B, for C (M, N); A (M, K) and B (K, N), or turned (K, M) and (N, K)."""
        A = matrix(a, 0, K, M).T if a_turned else matrix(a, 0, M, K)
        B = matrix(b, 0, N, K).T if b_turned else matrix(b, 0, K, N)
        C = matrix(c, 0, M, N)
        C[...] = A.dtype.type(scale) * (A @ B) + (C if keep else 0)

else:

    @intrinsic
    def _gemm(typingctx, M, N, K, scale, a, a_turned, b, b_turned, keep, c):
        """C <- keep C + scale A B, for C (M, N); A (M, K) and B (K, N), or turned (K, M) and (N, K)."""
        ensure_blas()
        real, size = c.dtype, types.intp

        def codegen(context, builder, signature, values):
            M, N, K, scale, a, a_turned, b, b_turned, keep, c = values
            scale = context.cast(builder, scale, signature.args[3], real)
            keep = context.cast(builder, keep, signature.args[8], real)
            char, whole, any_pointer = ir.IntType(8), ir.IntType(64), ir.IntType(8).as_pointer()
            types_of = [char] * 3 + [whole] * 3 + [any_pointer, any_pointer, whole, any_pointer, whole]
            types_of += [any_pointer, any_pointer, whole]
            function = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(ir.IntType(32), types_of), "numba_xxgemm"
            )
            # BLAS counts column by column: to it these are the transposed matrices, C^T = B^T A^T
            turned, straight = ir.Constant(char, ord("t")), ir.Constant(char, ord("n"))

            def flag(value):
                return builder.select(builder.icmp_signed("!=", value, whole(0)), turned, straight)

            def row(value, long, short):
                return builder.select(builder.icmp_signed("!=", value, whole(0)), long, short)

            def address(value):
                return builder.bitcast(cgutils.alloca_once_value(builder, value), any_pointer)

            status = builder.call(
                function,
                [
                    *(ir.Constant(char, ord(get_blas_kind(real))), flag(b_turned), flag(a_turned), N, M, K),
                    *(address(scale), builder.bitcast(b, any_pointer), row(b_turned, K, N)),
                    *(builder.bitcast(a, any_pointer), row(a_turned, M, K)),
                    *(address(keep), builder.bitcast(c, any_pointer), N),
                ],
            )
            check_blas_return(context, builder, status)
            return context.get_dummy_value()

        return types.none(size, size, size, scale, a, size, b, size, keep, c), codegen


@kernel
def rows_by_rows(M, N, K, a, b, keep, c):
    """C <- keep C + A B^T, for A (M, K), B (N, K): what a layer's weights make of its inputs."""
    if M > 0:
        _gemm(M, N, K, 1, a, 0, b, 1, keep, c)


@kernel
def rows_by_columns(M, N, K, a, b, keep, c):
    """C <- keep C + A B, for A (M, K), B (K, N): the gradient sent back through weights."""
    if M > 0:
        _gemm(M, N, K, 1, a, 0, b, 0, keep, c)


@kernel
def columns_by_columns(M, N, K, scale, a, b, keep, c):
    """C <- keep C + scale A^T B, for A (K, M), B (K, N): the gradient of weights, summed over K samples."""
    _gemm(M, N, K, scale, a, 1, b, 0, keep, c)
