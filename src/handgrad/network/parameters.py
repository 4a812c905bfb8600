"""The parameters of a network: one flat vector, and named views of it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from handgrad.errors import InputError, wrong_shape
from handgrad.layers._types import Array
from handgrad.network.layers import Layer, Shape

_ALIGNMENT = 64  # bytes: the width of a vector register; kernels are a third faster on aligned rows


def aligned_zeros(shape: int | tuple[int, ...], dtype: Any) -> Array:
    """Zeros whose first number stands at a multiple of 64 bytes."""
    shape = (shape,) if isinstance(shape, int) else shape
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    block = np.zeros(size + _ALIGNMENT, dtype=np.uint8)
    start = -block.ctypes.data % _ALIGNMENT
    aligned: Array = block[start : start + size].view(dtype).reshape(shape)
    return aligned


class Parameters(Mapping[str, Array]):
    """``parameters["0.W"]`` is the weight matrix of layer 0: a view, so writing into it changes the network.

    ``flat`` is the whole vector (P,), layer after layer, each in the order of its ``parameter_shapes``, C order.
    """

    def __init__(self, layers: Sequence[Layer], input_shape: Shape, dtype: Any) -> None:
        self.shapes: dict[str, Shape] = {}
        self.offsets: dict[str, int] = {}
        shape, size = input_shape, 0
        for i, layer in enumerate(layers):
            after = layer.output_shape(shape)  # first: it refuses an input that the layer cannot take
            for name, part in layer.parameter_shapes(shape).items():
                self.shapes[f"{i}.{name}"] = part
                self.offsets[f"{i}.{name}"] = size
                size += int(np.prod(part))
            shape = after
        self.flat: Array = aligned_zeros(size, dtype)

    def __getitem__(self, name: str) -> Array:
        if name not in self.shapes:
            raise KeyError(f"no parameter {name!r}; there are {', '.join(self.shapes)}")
        return self.view(self.flat, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.shapes)

    def __len__(self) -> int:
        return len(self.shapes)

    def __repr__(self) -> str:
        return f"Parameters({', '.join(f'{name}: {shape}' for name, shape in self.shapes.items())})"

    def view(self, flat: Array, name: str) -> Array:
        """The part of another flat vector (gradients, state) that belongs to the parameter ``name``."""
        start, shape = self.offsets[name], self.shapes[name]
        return flat[start : start + int(np.prod(shape))].reshape(shape)

    def of_layer(self, index: int, flat: Array | None = None) -> dict[str, Array]:
        """The views of one layer under its own names, ``{"W": ..., "b": ...}``."""
        prefix = f"{index}."
        vector = self.flat if flat is None else flat
        return {name.removeprefix(prefix): self.view(vector, name) for name in self.shapes if name.startswith(prefix)}

    def assign(self, values: Mapping[str, Any]) -> None:
        """Copy every parameter from ``values``. All names must be there, no other, each with its shape.

        Raises InputError that lists what is missing, unexpected and wrongly shaped; then nothing was changed.
        """
        complaints = [f"missing {name}" for name in self.shapes if name not in values]
        complaints += [f"unexpected {name}" for name in values if name not in self.shapes]
        arrays = {name: np.asarray(values[name]) for name in self.shapes if name in values}
        for name, array in arrays.items():
            if array.shape != self.shapes[name]:
                complaints.append(str(wrong_shape(name, array.shape, self.shapes[name])))
        if complaints:
            raise InputError(f"the parameters do not fit the network: {'; '.join(complaints)}")
        for name, array in arrays.items():
            self[name][...] = array
