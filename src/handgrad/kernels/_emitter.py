"""Vector instructions, made by hand: what the files called ``_..._tiles.py`` are written in.

LLVM vectorizes a loop over a short row, but first checks whether the arrays overlap and whether the row is long enough,
which costs more than sixteen products; and it keeps the sums in memory. A tile of the result that is summed in
registers is read and written once.
"""

from contextlib import contextmanager

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from handgrad.kernels._jit import DISABLED

_FLAGS = ("contract", "nsz")  # without reassoc, which would put independent sums into one chain again
_INTEGER = ir.IntType(64)


class Emitter:
    """Emits instructions on blocks of ``lanes`` numbers like those that ``pointer`` points to.

    Offsets count numbers; one known ahead is a Python int, which costs no instruction.
    """

    def __init__(self, builder, pointer, lanes):
        self.builder = builder
        real = pointer.type.pointee
        self.align = 4 if isinstance(real, ir.FloatType) else 8
        self.block = ir.VectorType(real, lanes)

    def integer(self, value):
        """A Python int as a constant; what is a value already stays as it is."""
        return ir.Constant(_INTEGER, value) if isinstance(value, int) else value

    def add(self, a, b):
        return self.builder.add(self.integer(a), self.integer(b))

    def sub(self, a, b):
        return self.builder.sub(self.integer(a), self.integer(b))

    def mul(self, a, b):
        return self.builder.mul(self.integer(a), self.integer(b))

    def shift(self, pointer, offset):
        """The pointer ``offset`` items behind another."""
        return self.builder.gep(pointer, [self.integer(offset)])

    def item(self, pointer, offset=0):
        """One item: a number, or an integer of a list."""
        return self.builder.load(self.shift(pointer, offset))

    def prefetch(self, pointer, offset=0):
        """Ask for the line of memory in which a number stands, which is needed soon; it may lie behind an array."""
        name, byte = "llvm.prefetch.p0", ir.IntType(8).as_pointer()
        number = ir.IntType(32)
        declared = self.builder.module.globals.get(name)
        if declared is None:
            declared = ir.Function(
                self.builder.module, ir.FunctionType(ir.VoidType(), [byte, number, number, number]), name
            )
        at = self.builder.bitcast(self.shift(pointer, offset), byte)
        self.builder.call(declared, [at, *(ir.Constant(number, value) for value in (0, 3, 1))])

    def _vector_at(self, pointer, offset):
        return self.builder.bitcast(self.shift(pointer, offset), self.block.as_pointer())

    def load(self, pointer, offset=0):
        """A block."""
        value = self.builder.load(self._vector_at(pointer, offset))
        value.align = self.align
        return value

    def store(self, value, pointer, offset=0):
        """Write a block."""
        self.builder.store(value, self._vector_at(pointer, offset)).align = self.align

    def gather(self, pointer, offset=0, stride=1):
        """A block of every ``stride``-th item."""
        block = ir.Constant(self.block, ir.Undefined)
        for lane in range(self.block.count):
            item = self.item(pointer, self.add(offset, self.mul(lane, stride)))
            block = self.builder.insert_element(block, item, ir.Constant(ir.IntType(32), lane))
        return block

    def scatter(self, value, pointer, offset=0, stride=1):
        """Write a block to every ``stride``-th place."""
        for lane in range(self.block.count):
            item = self.builder.extract_element(value, ir.Constant(ir.IntType(32), lane))
            self.builder.store(item, self.shift(pointer, self.add(offset, self.mul(lane, stride))))

    def alone(self, pointer, offset=0):
        """A block with one number in its first lane, and zeros."""
        return self.builder.insert_element(self.zero(), self.item(pointer, offset), ir.Constant(ir.IntType(32), 0))

    def add_lane(self, value, lane, pointer, offset=0):
        """Add one lane of a block to a number."""
        at, item = self.shift(pointer, offset), self.builder.extract_element(value, ir.Constant(ir.IntType(32), lane))
        self.builder.store(self.plus(self.builder.load(at), item), at)

    def shuffle(self, a, b, lanes):
        """A block of the lanes with these numbers; those of b are counted on from the last of a."""
        return self.builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), lanes))

    def spread(self, value):
        """A block of ``lanes`` times the same number."""
        undefined = ir.Constant(self.block, ir.Undefined)
        first = self.builder.insert_element(undefined, value, ir.Constant(ir.IntType(32), 0))
        return self.shuffle(first, undefined, [0] * self.block.count)

    def number(self, pointer, offset=0):
        """One number as a block."""
        return self.spread(self.item(pointer, offset))

    def plus(self, a, b):
        return self.builder.fadd(a, b, flags=_FLAGS)

    def minus(self, a, b):
        return self.builder.fsub(a, b, flags=_FLAGS)

    def times(self, a, b):
        return self.builder.fmul(a, b, flags=_FLAGS)

    def constant(self, value):
        """A block of ``lanes`` times a number known ahead."""
        return ir.Constant(self.block, [float(value)] * self.block.count)

    def zero(self):
        return self.constant(0)

    def total(self, start=None):
        """A sum that begins with ``start`` (a block), or 0; LLVM keeps it in a register."""
        total = cgutils.alloca_once(self.builder, self.block)
        self.builder.store(self.zero() if start is None else start, total)
        return total

    def set(self, total, value):
        """The sum is now ``value``."""
        self.builder.store(value, total)

    def value(self, total):
        """The sum so far."""
        return self.builder.load(total)

    def add_product(self, total, x, y):
        """total <- total + x y"""
        self.set(total, self.plus(self.value(total), self.times(x, y)))

    def joined(self, values):
        """The sum of blocks, two by two: half as many additions wait for each other."""
        while len(values) > 1:
            values = [self.plus(*values[k : k + 2]) for k in range(0, len(values), 2)]
        return values[0]

    def larger(self, x, m):
        """Lane by lane, whether x is to replace m as the largest number: NaN stays once it is there."""
        return self.builder.or_(self.builder.fcmp_ordered(">", x, m), self.builder.fcmp_unordered("uno", x, x))

    def reaches(self, x, m):
        """Lane by lane, whether x is m, the largest number of all, or one of them is NaN."""
        return self.builder.fcmp_unordered(">=", x, m)

    def positive(self, x):
        """Lane by lane, whether x > 0; NaN is not."""
        return self.builder.fcmp_ordered(">", x, self.zero())

    def where(self, mask, a, b):
        """Lane by lane, a where the mask is true, else b."""
        return self.builder.select(mask, a, b)

    def cases(self, value, known):
        """The body twice: with a number known ahead, for where ``value`` is that, and with ``value`` for all others."""
        same = self.builder.icmp_signed("==", value, self.integer(known))
        with self.builder.if_else(same) as (then, otherwise):
            with then:
                yield known
            with otherwise:
                yield value

    def when(self, value, known):
        """``if value == known:``, for integers."""
        return self.builder.if_then(self.builder.icmp_signed("==", value, self.integer(known)))

    @contextmanager
    def loop(self, start, stop, step=1):
        """``for index in range(start, stop, step)``"""
        numbers = (self.integer(start), self.integer(stop), self.integer(step))
        with cgutils.for_range_slice(self.builder, *numbers) as (index, _):
            yield index


def tile(lanes, emit, plain, *, pointers, numbers=0, lists=0, sizes=0):
    """What a kernel calls to run the instructions that ``emit(Emitter, *arguments)`` makes; without JIT ``plain``.

    It takes so many pointers to numbers, numbers, pointers to integers, and integers, in this order.
    """
    if DISABLED:
        return plain

    def typed(typingctx, *arguments):
        given = arguments[0] if len(arguments) == 1 and isinstance(arguments[0], types.BaseTuple) else arguments
        data = given[0]
        wanted = [data] * pointers + [data.dtype] * numbers + [types.CPointer(types.int64)] * lists
        wanted += [types.intp] * sizes

        def codegen(context, builder, signature, values):
            values = cgutils.unpack_tuple(builder, values[0])
            emit(Emitter(builder, values[0], lanes), *values)
            return context.get_dummy_value()

        return types.none(types.Tuple(wanted)), codegen

    return intrinsic(typed)
