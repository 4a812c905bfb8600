"""Convolutions that the tests of both forms, and of the kernels, are held against."""

import numpy as np

from handgrad.layers.conv import ConvParams

TABLE = np.array([[1, 0, 1, 1, 0], [0, 1, 1, 0, 1], [1, 1, 0, 1, 0]], bool)  # 3 inputs, 5 outputs, 9 links


def problem(maps, kernel, size, links=None, batch=2, seed=0):
    """Parameters and input: ``maps`` inputs and outputs, ``kernel`` and ``size`` high and wide."""
    rng = np.random.default_rng(seed)
    shape = (maps[1], maps[0], *kernel) if links is None else (links.sum(), *kernel)
    return ConvParams(rng.normal(size=shape), rng.normal(size=maps[1])), rng.normal(size=(maps[0], *size, batch))


# maps, kernel, size, stride, padding, links
CASES = [
    ((2, 3), (2, 3), (5, 7), 1, 0, None),
    ((3, 5), (3, 2), (7, 5), 1, 0, TABLE),
    ((3, 5), (3, 3), (7, 5), 2, 1, TABLE),
    ((2, 3), (3, 3), (8, 7), 2, 0, None),  # the last row is met by no window
    ((1, 2), (3, 2), (7, 8), 3, 2, None),
    ((1, 1), (1, 1), (1, 1), 1, 0, None),
    ((2, 3), (5, 5), (5, 5), 1, 0, None),  # a kernel as large as the map
]
