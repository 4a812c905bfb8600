"""The only module that knows Numba: its flags, its cache, and how a compiled loop calls another kernel by address.

Why calls by address: one interpreter must run every network without being compiled again, and a kind of layer must be
compiled only when a network first uses it. A chain of ``if kind == ...`` would compile every kind into the
interpreter; functions as arguments would give a new compilation for each combination and defeat the cache. So every
operation is compiled by itself, to one fixed signature, and the interpreter calls the address that stands in the table.

With ``NUMBA_DISABLE_JIT=1`` everything here has a plain Python stand-in, so that the kernels run, and are measured for
branch coverage, as ordinary functions on NumPy arrays.
"""

import math
import sys

import numpy as np
from llvmlite import ir
from numba import config, njit, types
from numba.core import caching, cgutils, event
from numba.core.runtime import rtsys
from numba.extending import intrinsic, overload
from numba.np.arrayobj import make_array, populate_array

from handgrad.kernels._cache import cache_directory

DISABLED = bool(config.DISABLE_JIT)

# An explicit set: NaN and infinity must stay visible, so neither nnan nor ninf.
FASTMATH = {"contract", "reassoc", "nsz", "arcp", "afn"}


def _load_array_functions() -> None:
    """Import Numba's array functions, but not yet SciPy.

    They ask for it, to know whether ``np.dot`` can be compiled, and loading it is a fifth of the time that a small run
    takes from the shell. It is there (scikit-learn needs it too), and whoever compiles or calls a product of matrices
    loads it (``numba.np.linalg``, ``network/loading.py``).
    """
    from numba.np import linalg

    asked = linalg.ensure_blas
    linalg.ensure_blas = lambda: None
    try:
        from numba.np import arraymath
    finally:
        linalg.ensure_blas = asked
    arraymath.ensure_blas = asked


# Numba's own key leaves bounds checks out
_CACHE = None if DISABLED else cache_directory(config.CACHE_DIR, "-bounds-checked" if config.BOUNDSCHECK else "")
if not DISABLED:
    _load_array_functions()


class _Cache(caching.FunctionCache):
    """Machine code is loaded without making Numba ready to compile, which takes longer than loading all of a small
    program, and which Numba does by itself when it has to compile."""

    def load_overload(self, sig, target_context):
        rtsys.initialize(target_context)  # of what it does besides, the part that machine code calls
        with self._guard_against_spurious_io_errors():
            return self._load_overload(sig, target_context)


def kernel(function):
    """Compile lazily, with the project's flags, cached under the hash of all kernel sources."""
    return _compile(function, FASTMATH)


def ordered_kernel(function):
    """The same for arithmetic whose order matters: a sum of a large and a small part must not be reassociated."""
    return _compile(function, {"contract", "nsz"})


def _compile(function, fastmath):
    flags = {"fastmath": fastmath, "error_model": "numpy", "nogil": True}
    if _CACHE is None:
        return njit(**flags)(function)
    # Numba reads the directory when a function is decorated; the user's own functions keep theirs.
    before, config.CACHE_DIR = config.CACHE_DIR, str(_CACHE)
    try:
        compiled = njit(**flags)(function)
        compiled._cache = _Cache(function)
    finally:
        config.CACHE_DIR = before
    _OURS.add(compiled)
    return compiled


class _Announcer(event.Listener):
    """Says once, on stderr, that kernels are being compiled: the first run of a version takes seconds longer."""

    said = False

    def on_start(self, happening):
        if not self.said and happening.data.get("dispatcher") in _OURS:
            type(self).said = True
            where = "once per version" if _CACHE is not None else "in every process: no cache directory is writable"
            print(f"handgrad: compiling kernels, {where} ...", file=sys.stderr, flush=True)

    def on_end(self, happening):
        pass


_OURS: set = set()
if not DISABLED:
    event.register("numba:compile", _Announcer())


# --- operations and calls by address ---------------------------------------------------------------------------------

ROW = types.CPointer(types.int64)
_OPERATIONS: dict = {}  # name -> function; its position is its "address" when Numba is off


def _operation_signature(real):
    data = types.CPointer(real)
    return (ROW, types.int64, data, data, data, data, data)


def _update_signature(real):
    data = types.CPointer(real)
    return (types.int64, types.int64, types.int64, types.int64, types.CPointer(types.float64), data, data, data)


def operation(function):
    """One operation of a program: ``f(row, n, params, grads, acts, deltas, scalars)``, compiled when first used."""
    return _register(function, _operation_signature)


def update(function):
    """One optimizer: ``f(start, stop, size, step, hyper, params, grads, state)``, compiled when first used."""
    return _register(function, _update_signature)


def _register(function, signature):
    compiled = kernel(function)
    _OPERATIONS[function.__name__] = (compiled, signature)
    return compiled


def address(name: str, dtype: np.dtype) -> int:
    """Compile (or load) the operation called ``name`` for ``dtype`` and return where its machine code begins."""
    compiled, signature = _OPERATIONS[name]
    if DISABLED:
        return list(_OPERATIONS).index(name)
    wanted = signature(types.float32 if dtype == np.float32 else types.float64)
    if wanted not in compiled.overloads:
        compiled.compile(wanted)
    result = compiled.overloads[wanted]
    return result.library.get_pointer_to_function(result.fndesc.llvm_func_name)


if DISABLED:

    def call(address, *arguments):
        """Run the operation at ``address``."""
        list(_OPERATIONS.values())[address][0](*arguments)

    def pointer(array, index):
        """The address of one row of a matrix, or of one entry; without Numba all that follows it, as one vector."""
        return array.reshape(-1)[index * math.prod(array.shape[1:]) :]

    def vector(pointer, offset, size):
        """View of ``size`` numbers that begin ``offset`` numbers behind ``pointer``."""
        return pointer[offset : offset + size]

    def matrix(pointer, offset, rows, columns):
        """View of ``rows`` x ``columns`` numbers, row by row, that begin ``offset`` numbers behind ``pointer``."""
        return pointer[offset : offset + rows * columns].reshape(rows, columns)

    def atomic_add(array, index, value):
        """Add to one integer, indivisibly; returns what it was."""
        old = array[index]
        array[index] += value
        return old

    def atomic_load(array, index):
        """Read one integer that another thread may be writing."""
        return array[index]

    def atomic_store(array, index, value):
        """Write one integer that another thread may be reading."""
        array[index] = value

    def yield_processor(address):
        """Let another thread run."""

else:

    @intrinsic
    def call(typingctx, address, *arguments):
        """Run the operation at ``address``; an exception raised in it propagates."""
        arguments = arguments[0] if len(arguments) == 1 and isinstance(arguments[0], types.BaseTuple) else arguments

        def codegen(context, builder, signature, values):
            convention = context.call_conv
            inner = tuple(signature.args[1])
            packed = cgutils.unpack_tuple(builder, values[1])
            target = convention.get_function_type(types.none, inner)
            function = builder.inttoptr(values[0], target.as_pointer())
            status, _ = convention.call_function(builder, function, types.none, inner, packed)
            with cgutils.if_unlikely(builder, status.is_error):
                convention.return_status_propagate(builder, status)
            return context.get_dummy_value()

        return types.none(types.intp, types.Tuple(tuple(arguments))), codegen

    @intrinsic
    def pointer(typingctx, array, index):
        """The address of one row of a matrix, or of one entry of a vector (C order). No reference is counted."""

        def codegen(context, builder, signature, values):
            view = make_array(signature.args[0])(context, builder, values[0])
            offset = values[1]
            for extent in cgutils.unpack_tuple(builder, view.shape)[1:]:
                offset = builder.mul(offset, extent)
            return builder.gep(view.data, [offset])

        return types.CPointer(array.dtype)(array, types.intp), codegen

    def _view(context, builder, array_type, data, offset, shape):
        """An array that owns nothing: C order, ``shape``, beginning ``offset`` items behind ``data``."""
        array = make_array(array_type)(context, builder)
        itemsize = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(array_type.dtype)))
        strides = [itemsize]
        for extent in reversed(shape[1:]):
            strides.insert(0, builder.mul(strides[0], extent))
        populate_array(
            array,
            data=builder.gep(data, [offset]),
            shape=shape,
            strides=strides,
            itemsize=itemsize,
            meminfo=None,
        )
        return array._getvalue()

    @intrinsic
    def vector(typingctx, pointer, offset, size):
        """View of ``size`` numbers that begin ``offset`` numbers behind ``pointer``."""

        def codegen(context, builder, signature, values):
            return _view(context, builder, signature.return_type, values[0], values[1], [values[2]])

        return types.Array(pointer.dtype, 1, "C")(pointer, types.intp, types.intp), codegen

    @intrinsic
    def matrix(typingctx, pointer, offset, rows, columns):
        """View of ``rows`` x ``columns`` numbers, row by row, that begin ``offset`` numbers behind ``pointer``."""

        def codegen(context, builder, signature, values):
            return _view(context, builder, signature.return_type, values[0], values[1], [values[2], values[3]])

        return types.Array(pointer.dtype, 2, "C")(pointer, types.intp, types.intp, types.intp), codegen

    def _element(context, builder, signature, values):
        data = make_array(signature.args[0])(context, builder, values[0]).data
        return builder.gep(data, [values[1]])

    @intrinsic
    def atomic_add(typingctx, array, index, value):
        """Add to one integer, indivisibly; returns what it was."""

        def codegen(context, builder, signature, values):
            return builder.atomic_rmw("add", _element(context, builder, signature, values), values[2], "seq_cst")

        return types.int64(array, types.intp, types.int64), codegen

    @intrinsic
    def atomic_load(typingctx, array, index):
        """Read one integer that another thread may be writing."""

        def codegen(context, builder, signature, values):
            return builder.load_atomic(_element(context, builder, signature, values), "seq_cst", 8)

        return types.int64(array, types.intp), codegen

    @intrinsic
    def atomic_store(typingctx, array, index, value):
        """Write one integer that another thread may be reading."""

        def codegen(context, builder, signature, values):
            builder.store_atomic(values[2], _element(context, builder, signature, values), "seq_cst", 8)
            return context.get_dummy_value()

        return types.none(array, types.intp, types.int64), codegen

    @intrinsic
    def yield_processor(typingctx, address):
        """Let another thread run: calls the operating system's function, an ``int f(void)``, at ``address``."""

        def codegen(context, builder, signature, values):
            target = ir.FunctionType(ir.IntType(32), [])
            builder.call(builder.inttoptr(values[0], target.as_pointer()), [])
            return context.get_dummy_value()

        return types.none(types.intp), codegen


def yield_address() -> int:
    """Where the operating system's function begins that gives the processor to another thread."""
    import ctypes

    windows = sys.platform == "win32"
    library = ctypes.CDLL("kernel32" if windows else None)
    function = library.SwitchToThread if windows else library.sched_yield
    return ctypes.cast(function, ctypes.c_void_p).value or 0


def by_dtype(single, double):
    """A function that is ``single`` for float32 arguments and ``double`` for float64, chosen when it is compiled."""

    def chosen(x):
        return single(x) if isinstance(x, np.float32) else double(x)

    if not DISABLED:

        @overload(chosen, inline="never")
        def choose(x):
            function = single if x == types.float32 else double
            return lambda x: function(x)

    return chosen
