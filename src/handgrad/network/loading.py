"""A program with its machine code and the memory that it runs in."""

import importlib
from contextlib import nullcontext
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from handgrad.kernels import _jit
from handgrad.kernels import program as interpreter
from handgrad.kernels._gather import LENGTHS_AT
from handgrad.kernels._program_types import Code, Memory
from handgrad.layers._types import Array
from handgrad.network.engine import Architecture
from handgrad.network.layers import steps
from handgrad.network.parameters import aligned_zeros
from handgrad.network.program import Form, Program, Use, make_program


@cache
def _one_blas_thread() -> Any:
    """A controller of the loaded BLAS libraries: inside a shard a product must stay on the shard's own thread."""
    import scipy.linalg.cython_blas  # noqa: F401  # what np.dot calls in a kernel
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


class Loaded(NamedTuple):
    """Program, machine code, memory. ``capacity``: samples that a workspace holds."""

    program: Program
    code: Code
    memory: Memory
    capacity: int
    form: Form

    def blas(self) -> Any:
        """A context that holds BLAS to one thread, where this program calls it at all."""
        tokens = "token_cross_entropy" in self.program.kinds and self.form != "online"
        products = self.form == "batch" or tokens
        return _one_blas_thread().limit(limits=1) if products else nullcontext()


def load(
    net: Architecture,
    form: Form,
    capacity: int,
    shards: int = 1,
    threads: int = 1,
    *,
    use: Use = "training",
    behind: tuple[Any, ...] = (),
) -> Loaded:
    """Make a program of the network, and of layers without parameters ``behind`` it, and find or compile its code.

    Another ``use`` than training has no gradients, and not the machine code that makes them.
    """
    layers, backward = (*net.layers, *behind), use == "training"
    program = make_program(layers, net.loss, net.parameters, net.input_shape, net.weight_decay, capacity, form, use)
    size = net.parameters.flat.size if backward else 0
    memory = Memory(
        params=net.parameters.flat,
        grads=aligned_zeros((shards, size if form != "online" else 0), net.dtype),
        state=aligned_zeros(0, net.dtype),  # the optimizer's, put in when a training begins
        acts=aligned_zeros((threads, program.workspace), net.dtype),
        deltas=aligned_zeros((threads, program.workspace), net.dtype),
        scalars=np.tile(np.array(program.scalars, dtype=net.dtype), (shards, 1)),
        kept=aligned_zeros(size, net.dtype),
    )
    return Loaded(program, _machine_code(program, net.dtype, backward), memory, capacity, form)


def _machine_code(program: Program, dtype: np.dtype[Any], backward: bool) -> Code:
    """The program with the addresses of its operations, which are compiled, or loaded from the cache, where need be."""
    for kind in program.kinds:
        importlib.import_module(f"handgrad.kernels.{kind}")
    if any(names[0] == "dense_forward_step" for names in program.operations):
        importlib.import_module("handgrad.kernels._several")

    def addresses(names: tuple[str, str]) -> list[int]:
        return [_jit.address(names[0], dtype), _jit.address(names[1], dtype) if backward else 0]

    decay = []
    if backward and len(program.decay):
        importlib.import_module("handgrad.kernels.weight_decay")
        decay = [addresses(("weight_decay_forward", "weight_decay_backward"))] * len(program.decay)
    return Code(
        table=program.table,
        addresses=np.array([addresses(names) for names in program.operations], dtype=np.int64),
        decay=program.decay,
        decay_addresses=np.array(decay, dtype=np.int64).reshape(-1, 2),
        places=program.places,
    )


class Answer:
    """What the network says of one sample, with as little around it as possible: for whoever waits for the answer."""

    def __init__(self, net: Architecture) -> None:
        self.net = net
        loaded = load(net, "one", 1, use="outputs", behind=net.loss.prediction_layers())
        code, memory = loaded.code, loaded.memory
        memory.acts[0, code.places[LENGTHS_AT]] = steps(net.input_shape)
        rows = len(loaded.program.operations) - 1  # without the loss
        self.fixed = (
            code.table,
            np.ascontiguousarray(code.addresses[:rows, 0]),
            code.places,
            *(memory.params, memory.acts[0], memory.deltas[0], memory.scalars[0]),
        )

    def __call__(self, x: Array) -> Array | None:
        """(1, *output_shape) for ``x`` (1, *input_shape), C-ordered and of the network's dtype; None where a number in
        it is not finite."""
        y = np.empty((1, *self.net.output_shape), self.net.dtype)
        finite = interpreter.run_one(*self.fixed, x.reshape(-1), y.reshape(-1))
        return y if finite else None
