"""Tiles of small products as LLVM instructions made by hand, and pointers moved on: what Numba replaces.

LLVM vectorizes a loop over a short row, but first checks whether the arrays overlap and whether the row is long enough,
which costs more than sixteen products; and it keeps the sums in memory. Here a tile of the result is summed in
registers, and is read and written once. Without JIT plain NumPy stands in its place.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from handgrad.kernels._jit import DISABLED

_FLAGS = ("contract", "nsz")  # without reassoc, which would put independent sums into one chain again


def product_tile(rows, lanes, sums):
    """One tile, ``rows`` x ``lanes`` numbers, of C <- C + scale A B: A (rows, n), B (n, lanes).

    ``c``, ``a``, ``b`` are pointers to the tile's first entries, ``c_row`` etc. the distance from one row to the
    next, ``a_column`` that between two entries of a row of A. ``sums``: independent sums of each entry, where the tile
    alone is too small to keep the processor busy (an addition takes four cycles, and two can begin in each).
    """
    if DISABLED:

        def plain(c, c_row, scale, a, a_row, a_column, b, b_row, n):
            for r in range(rows):
                total = 0 * b[:lanes]
                for j in range(n):
                    total += a[r * a_row + j * a_column] * b[j * b_row : j * b_row + lanes]
                c[r * c_row : r * c_row + lanes] += scale * total

        return plain

    def tile(typingctx, c, c_row, scale, a, a_row, a_column, b, b_row, n):
        def codegen(context, builder, signature, values):
            _emit(builder, rows, lanes, sums, *values)
            return context.get_dummy_value()

        size = types.intp
        return types.none(c, size, c.dtype, a, size, size, b, size, size), codegen

    return intrinsic(tile)


def _emit(builder, rows, lanes, sums, c, c_row, scale, a, a_row, a_column, b, b_row, n):
    """The instructions of ``product_tile``."""
    real, integer = c.type.pointee, n.type
    align = 4 if isinstance(real, ir.FloatType) else 8
    block = ir.VectorType(real, lanes)

    def number(value):
        return ir.Constant(integer, value)

    def vector_at(pointer, offset):
        return builder.bitcast(builder.gep(pointer, [offset]), block.as_pointer())

    def load(pointer, offset):
        value = builder.load(vector_at(pointer, offset))
        value.align = align
        return value

    def spread(value):
        undefined = ir.Constant(block, ir.Undefined)
        everywhere = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)
        first = builder.insert_element(undefined, value, ir.Constant(ir.IntType(32), 0))
        return builder.shuffle_vector(first, undefined, everywhere)

    def add_product(total, x, y):
        product = builder.fmul(x, y, flags=_FLAGS)
        builder.store(builder.fadd(builder.load(total), product, flags=_FLAGS), total)

    def add_row(j, k):
        row = load(b, builder.mul(j, b_row))
        for r in range(rows):
            at = builder.add(builder.mul(number(r), a_row), builder.mul(j, a_column))
            add_product(totals[r][k], spread(builder.load(builder.gep(a, [at]))), row)

    # LLVM keeps these in registers
    totals = [[cgutils.alloca_once(builder, block) for _ in range(sums)] for _ in range(rows)]
    for row in totals:
        for total in row:
            builder.store(ir.Constant(block, [0.0] * lanes), total)
    whole = builder.mul(builder.sdiv(n, number(sums)), number(sums))
    with cgutils.for_range_slice(builder, number(0), whole, number(sums)) as (j, _):
        for k in range(sums):
            add_row(builder.add(j, number(k)), k)
    with cgutils.for_range_slice(builder, whole, n, number(1)) as (j, _):
        add_row(j, 0)
    for r, (first, *others) in enumerate(totals):
        for other in others:
            builder.store(builder.fadd(builder.load(first), builder.load(other), flags=_FLAGS), first)
        scaled = builder.fmul(spread(scale), builder.load(first), flags=_FLAGS)
        at = builder.mul(number(r), c_row)
        builder.store(builder.fadd(load(c, at), scaled, flags=_FLAGS), vector_at(c, at)).align = align


if DISABLED:

    def shift(pointer, offset):
        """The pointer ``offset`` numbers behind another."""
        return pointer[offset:]

else:

    @intrinsic
    def shift(typingctx, pointer, offset):
        """The pointer ``offset`` numbers behind another."""

        def codegen(context, builder, signature, values):
            return builder.gep(values[0], [values[1]])

        return pointer(pointer, types.intp), codegen
