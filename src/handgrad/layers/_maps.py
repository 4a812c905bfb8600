"""What layers on maps (channels, height, width, batch) share: the links of a table, and the windows of a map."""

from typing import Any

import numpy as np

from handgrad.layers._types import Array

Links = np.ndarray[Any, np.dtype[np.bool_]]
Link = tuple[int, int]


def linked(links: Links | None, inputs: int, maps: int) -> list[Link]:
    """T as the list of its links (p, d), from input p to output d, in the order of the kernels: by output, and by input
    within an output. ``links`` (inputs, maps); None for all."""
    table = np.ones((inputs, maps), bool) if links is None else np.asarray(links, bool)
    if table.shape != (inputs, maps):
        said = f"the link table is {' x '.join(map(str, table.shape))}"
        raise ValueError(f"{said}, expected {inputs} x {maps}: a row for each input map, a column for each output map")
    return [(p, d) for d in range(maps) for p in range(inputs) if table[p, d]]


def by_link(W: Array, T: list[Link]) -> dict[Link, Array]:
    """The kernel of each link, a view of ``W`` (D, C, K, L) or (links, K, L): ``by_link(W, T)[p, d]`` is (K, L)."""
    kernels = W.reshape(-1, *W.shape[-2:])
    if len(kernels) != len(T):
        raise ValueError(f"W holds {len(kernels)} kernels, expected {len(T)}: one for each link of the table")
    return dict(zip(T, kernels, strict=True))


def bordered(x: Array, padding: int) -> Array:
    """``x`` with ``padding`` rows and columns of zeros on each side of every map."""
    border = (padding, padding)
    return np.pad(x, ((0, 0), border, border, (0, 0)))


def windows(x: Array, n: int, crop: bool) -> tuple[int, int]:
    """How many windows of n x n, side by side, a map has: downwards, across.

    A height or width that n does not divide is refused, or, with ``crop``, the rows and columns that are left over
    at the end are left out.
    """
    _, H, W, _ = x.shape
    if not crop and (H % n or W % n):
        said = f"maps of {H} x {W} do not divide into windows of {n} x {n}"
        raise ValueError(f"{said}; crop=True leaves out the last rows and columns")
    return H // n, W // n
