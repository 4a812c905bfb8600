"""LeNet-5 itself: which maps are linked, and all its kernels."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from handgrad.errors import InputError, wrong_shape
from handgrad.figures.digits import signed_colors
from handgrad.figures.style import BLUE, INK, RULE, WIDTH, look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = np.ndarray[Any, np.dtype[np.floating[Any]]]
Links = np.ndarray[Any, np.dtype[np.bool_]]

_CELL = 0.3  # inches of a link
_LIMIT = 99.5  # percentile of the magnitudes that has the full colour
_EDGE, _TITLE, _GAP = 0.12, 0.3, 0.16  # inches: around all, above a mosaic, below it
_LARGEST = 0.62  # inches of a kernel, at most
_FRAMED = 200  # kernels up to which each has a frame
_WIDEST = 60  # kernels in a row; more are wrapped


def links_figure(tables: Mapping[str, Links], inputs: str = "S2", outputs: str = "C3") -> "Figure":
    """Link tables (inputs, outputs) by name below each other: a filled cell is a link, a row for each input map, a
    column for each output map, with their numbers of links beside them. Raises InputError where there is none."""
    if not tables:
        raise InputError("there are 0 link tables to show, expected at least 1")
    from matplotlib.figure import Figure

    shapes = [table.shape for table in tables.values()]
    left, right, above, below = 0.75, 0.55, 0.62, 0.35
    width = left + right + _CELL * max(columns for _, columns in shapes)
    heights = [above + below + _CELL * rows for rows, _ in shapes]
    total = sum(heights)
    with look():
        figure = Figure(figsize=(width, total))
        top = total
        for (name, table), (rows, columns), height in zip(tables.items(), shapes, heights, strict=True):
            bottom = top - above - _CELL * rows
            box = (left / width, bottom / total, _CELL * columns / width, _CELL * rows / total)
            _draw_table(figure.add_axes(box), np.asarray(table, bool), f"{name}: {int(table.sum())} links")
            figure.axes[-1].set_ylabel(f"map of {inputs}")
            figure.axes[-1].set_xlabel(f"map of {outputs}")
            top -= height
    return figure


def _draw_table(axes: "Axes", table: Links, title: str) -> None:
    from matplotlib.patches import Rectangle

    rows, columns = table.shape
    for p, d in np.ndindex(rows, columns):
        color = BLUE if table[p, d] else "none"
        axes.add_patch(Rectangle((d - 0.42, p - 0.42), 0.84, 0.84, edgecolor=RULE, linewidth=0.6, facecolor=color))
    axes.set_xlim(-0.5, columns - 0.5)
    axes.set_ylim(rows - 0.5, -0.5)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelsize=7)
    axes.set_xticks(range(columns))
    axes.set_yticks(range(rows))
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_title(title, pad=4.0)
    for p, count in enumerate(table.sum(axis=1)):
        axes.text(columns - 0.3, p, f"{count}", ha="left", va="center", fontsize=7.0, color=INK)
    for d, count in enumerate(table.sum(axis=0)):
        axes.text(d, rows - 0.3, f"{count}", ha="center", va="top", fontsize=7.0, color=INK)


def kernels_figure(layers: "Sequence[tuple[str, Floats]]") -> "Figure":
    """All kernels of each layer as images, positive orange, negative blue, zero clear; one scale for each layer.

    ``layers``: a title and kernels (rows, columns, height, width), NaN where there is none; rows are inputs, columns
    outputs. More than 60 columns are wrapped. Raises InputError for another shape.
    """
    from matplotlib.figure import Figure

    for title, kernels in layers:
        if kernels.ndim != 4 or not kernels.size:
            raise wrong_shape(f"the kernels of {title}", kernels.shape, ("inputs", "outputs", "height", "width"))
    mosaics = [(title, _mosaic(kernels), _limit(kernels), kernels.shape) for title, kernels in layers]
    across = WIDTH - 2 * _EDGE
    sizes = []
    for _, mosaic, _, shape in mosaics:
        breadth = min(across, _LARGEST * mosaic.shape[1] / shape[3])
        sizes.append((breadth, breadth * mosaic.shape[0] / mosaic.shape[1]))
    total = 2 * _EDGE + sum(_TITLE + height + _GAP for _, height in sizes)
    with look():
        figure = Figure(figsize=(WIDTH, total))
        top = total - _EDGE
        for (title, mosaic, limit, shape), (breadth, height) in zip(mosaics, sizes, strict=True):
            bottom = top - _TITLE - height
            axes = figure.add_axes((_EDGE / WIDTH, bottom / total, breadth / WIDTH, height / total))
            rgba = signed_colors(mosaic, limit)
            rgba[np.isnan(mosaic)] = 0
            axes.imshow(rgba, interpolation="none")
            axes.set_title(f"{title}; full colour at ±{limit:.2g}", pad=4.0)
            _bare(axes)
            if shape[0] * shape[1] <= _FRAMED:
                _frames(axes, mosaic, shape)
            top = bottom - _GAP
    return figure


def _limit(kernels: Floats) -> float:
    return max(float(np.nanpercentile(np.abs(kernels), _LIMIT)), 1e-12)


def _mosaic(kernels: Floats) -> Floats:
    """Kernels (rows, columns, height, width) side by side, NaN between them and where one is absent."""
    rows, columns, height, width = kernels.shape
    bands = [kernels[:, k : k + _WIDEST] for k in range(0, columns, _WIDEST)]
    wide = min(columns, _WIDEST) * (width + 1) - 1
    lines = []
    for band in bands:
        mosaic = np.full((rows * (height + 1) - 1, wide), np.nan)
        for p, d in np.ndindex(rows, band.shape[1]):
            top, left = p * (height + 1), d * (width + 1)
            mosaic[top : top + height, left : left + width] = band[p, d]
        lines += [mosaic, np.full((3, wide), np.nan)]
    return np.concatenate(lines[:-1])


def _frames(axes: "Axes", mosaic: Floats, shape: tuple[int, ...]) -> None:
    """A thin line around each kernel that is there."""
    from matplotlib.patches import Rectangle

    rows, columns, height, width = shape
    for p, d in np.ndindex(rows, columns):
        top, left = p * (height + 1), d * (width + 1)
        if np.isfinite(mosaic[top, left]):
            frame = Rectangle((left - 0.5, top - 0.5), width, height, fill=False, edgecolor=RULE, linewidth=0.7)
            frame.set_clip_on(False)
            axes.add_patch(frame)


def _bare(axes: "Axes") -> None:
    axes.grid(visible=False)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
