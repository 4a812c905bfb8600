"""Runs one operation on images as a program lays it out: arrays go in and come out as (channels, height, width, n)."""

import importlib

import numpy as np

from drive import Operation, drive_operation
from handgrad.kernels._rows import IN, LANES, NEEDS_DX, OUT, ROUND
from handgrad.network.losses import SquaredError
from handgrad.network.parameters import Parameters
from handgrad.network.program import make_program

FORMS = ["batch", "one", "online"]


class ImageOperation(Operation):
    """The operations of a layer on ``n`` images of ``shape``; whatever is not written must not be read."""

    def __init__(self, layer, shape, n, dtype, form, params=()):
        importlib.import_module(f"handgrad.kernels.{layer.kind}")
        self.n, self.dtype, self.shape, self.out_shape = n, np.dtype(dtype), shape, layer.output_shape(shape)
        program = make_program([layer], SquaredError(), Parameters([layer], shape, dtype), shape, 0.0, n, form)
        self.table, self.names = program.table.copy(), program.operations[0]
        self.row = self.table[0]
        self.row[NEEDS_DX] = 1
        self.lanes = 1 if self.names[0].endswith("_one") else LANES
        self.acts, self.deltas = (np.full(program.workspace + 8, np.nan, dtype) for _ in range(2))
        self.params = np.concatenate([*(np.ravel(p) for p in params), [7.0]]).astype(dtype)
        self.grads = np.full_like(self.params, np.nan)
        self.scalars = np.array([0.1], dtype)

    def run(self, direction):
        super().run(self.names[direction])

    def _drive(self, address):
        n = (self.n + self.row[ROUND]) & ~self.row[ROUND]
        drive_operation(address, self.table, n, self.params, self.grads, self.acts, self.deltas, self.scalars)

    def put(self, array, column, images, fill):
        """Write images (C, H, W, n); those that fill up the last block are ``fill`` of the last one."""
        count = -(-self.n // self.lanes) * self.lanes
        whole = np.concatenate([images, np.repeat(fill * images[..., -1:], count - self.n, axis=-1)], axis=-1)
        blocks = whole.reshape(*images.shape[:3], -1, self.lanes)
        flat = np.moveaxis(blocks, 3, 0).ravel()
        array[self.row[column] :][: flat.size] = flat

    def get(self, array, column, shape):
        """Read images (C, H, W, n) of ``shape``."""
        count = -(-self.n // self.lanes)
        flat = array[self.row[column] :][: count * self.lanes * int(np.prod(shape))]
        blocks = np.moveaxis(flat.reshape(count, *shape, self.lanes), 0, 3)
        return blocks.reshape(*shape, -1)[..., : self.n]

    def forward(self, x):
        self.put(self.acts, IN, x, fill=1)
        self.run(0)
        return self.get(self.acts, OUT, self.out_shape)

    def backward(self, dy):
        self.put(self.deltas, OUT, dy, fill=0)
        self.run(1)
        return self.get(self.deltas, IN, self.shape)
