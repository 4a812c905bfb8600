"""A network as a program: an integer table with a row per layer, which one compiled interpreter walks.

Nothing here is compiled, and Numba is not needed to make or to print a program.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from handgrad.kernels import _rows as row
from handgrad.network.layers import Layer, Shape
from handgrad.network.losses import Loss
from handgrad.network.parameters import Parameters

# batch: BLAS over all samples of a shard; one: a sample at a time; online: one, with the SGD step taken on the way back
Form = Literal["batch", "one", "online"]

# operations that differ by form; all others are <kind>_forward and <kind>_backward
_BY_FORM: dict[tuple[str, Form], tuple[str, str]] = {
    ("dense", "one"): ("dense_forward_one", "dense_backward_one"),
    ("dense", "online"): ("dense_forward_one", "dense_backward_sgd"),
}


@dataclass(frozen=True)
class Program:
    """``table`` (rows, COLUMNS) int64, see ``kernels/_rows.py``; ``operations`` names what each row runs."""

    table: np.ndarray[Any, np.dtype[np.int64]]
    operations: tuple[tuple[str, str], ...]
    decay: np.ndarray[Any, np.dtype[np.int64]]
    places: np.ndarray[Any, np.dtype[np.int64]]
    kinds: tuple[str, ...]
    scalars: tuple[float, ...]
    workspace: int  # numbers in acts, and in deltas, of one shard

    def __str__(self) -> str:
        head = f"{'':>3}  {'forward':<30}{'backward':<30}{'in':>8}{'out':>8}{'n_in':>7}{'n_out':>7}{'param':>9}"
        lines = [head]
        for i, (names, r) in enumerate(zip(self.operations, self.table, strict=True)):
            numbers = f"{r[row.IN]:>8}{r[row.OUT]:>8}{r[row.N_IN]:>7}{r[row.N_OUT]:>7}{r[row.PARAM]:>9}"
            lines.append(f"{i:>3}  {names[0]:<30}{names[1]:<30}{numbers}")
        return "\n".join(lines)


def _rounded(size: int) -> int:
    """The next multiple of 16 numbers: 64 bytes in float32, so that every array begins aligned."""
    return (size + 15) // 16 * 16


def make_program(
    layers: Sequence[Layer],
    loss: Loss,
    parameters: Parameters,
    input_shape: Shape,
    weight_decay: float,
    capacity: int,
    form: Form,
) -> Program:
    """Lay out the arrays of a workspace for ``capacity`` samples and write the table."""
    top = 0

    def place(size: int) -> int:
        nonlocal top
        start = top
        top += _rounded(size * capacity)
        return start

    rows: list[list[int]] = []
    operations: list[tuple[str, str]] = []
    scalars: list[float] = [0.0]  # the learning rate of a fused update
    decay: list[list[int]] = []
    shape = input_shape
    x_at = last = place(int(np.prod(shape)))
    needs_dx = 0
    for i, layer in enumerate(layers):
        out_shape = layer.output_shape(shape)
        n_in, n_out = int(np.prod(shape)), int(np.prod(out_shape))
        names = [f"{i}.{name}" for name in layer.parameter_shapes(shape)]
        start = parameters.offsets[names[0]] if names else 0
        out = place(n_out)
        rows.append([last, out, n_in, n_out, start, 0, len(scalars), needs_dx])
        operations.append(_BY_FORM.get((layer.kind, form), (f"{layer.kind}_forward", f"{layer.kind}_backward")))
        scalars.extend(layer.constants())
        decay.extend(
            [0, 0, int(np.prod(parameters.shapes[f"{i}.{name}"])), 1, parameters.offsets[f"{i}.{name}"], 0, 0, 0]
            for name in layer.decayed
            if weight_decay
        )
        needs_dx = needs_dx or int(bool(names))
        last, shape = out, out_shape
    outputs = int(np.prod(shape))
    t_at, loss_at = place(outputs), place(1)
    penalty_at = top
    top += 16
    rows.append([last, loss_at, outputs, 1, 0, t_at, 0, 1])
    operations.append((f"{loss.kind}_forward", f"{loss.kind}_backward"))
    for r in decay:
        r[row.OUT], r[row.SCALAR] = penalty_at, len(scalars)
    scalars.append(weight_decay)
    return Program(
        table=np.array(rows, dtype=np.int64),
        operations=tuple(operations),
        decay=np.array(decay, dtype=np.int64).reshape(-1, row.COLUMNS),
        places=np.array([x_at, t_at, loss_at, last, penalty_at], dtype=np.int64),
        kinds=tuple(dict.fromkeys([*(layer.kind for layer in layers), loss.kind])),
        scalars=tuple(scalars),
        workspace=top,
    )
