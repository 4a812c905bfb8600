"""One digit on its way through every layer, and the gradient on its way back."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from handgrad.errors import InputError
from handgrad.figures.digits import signed_colors
from handgrad.figures.style import INK, RULE, WIDTH, look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = np.ndarray[Any, np.dtype[np.floating[Any]]]

_LEFT, _EDGE, _GAP, _BETWEEN = 1.32, 0.12, 0.14, 0.05  # inches: for names; around all; between layers; within one
_TALLEST, _SHORTER, _SMALL = 0.85, 0.6, 20  # inches of a map, and of one with at most so many columns
_STRIP = 0.3  # inches of units that have no place
_ROWS = 3  # in which those units are shown
_LIMIT = 99.8  # percentile of the magnitudes that has the full colour
_TEXT = 0.24  # inches above the picture


class Row(NamedTuple):
    """``values`` (C, H, W), or (units, 1, 1), with a name, and a text below it; ``heading``: whether it begins a new
    layer."""

    name: str
    text: str
    values: Floats
    heading: bool = True


def forward_figure(stages: "Sequence[tuple[str, Floats]]", probabilities: Floats, title: str) -> "Figure":
    """The maps of each layer, a row each: ``stages`` are names and values (C, H, W), the input first; below them the
    ``probabilities`` of the classes. Each row has its own scale. Raises InputError where there is nothing to show."""
    rows = [Row(name, _size(values), values) for name, values in stages]
    return _figure(rows, title, probabilities)


def backward_figure(stages: "Sequence[str]", gradients: "Mapping[str, Sequence[Floats]]", title: str) -> "Figure":
    """The gradient at the maps of each layer, a row for each of ``gradients``: a label in words and one array (C, H, W)
    for each of ``stages``, the input first; the output is at the top, where the gradient begins. Each row has its own
    scale, its largest magnitude beside it. Raises InputError where there is nothing to show."""
    rows = []
    for k in reversed(range(len(stages))):
        for i, (label, values) in enumerate(gradients.items()):
            largest = f"{label}: {np.abs(values[k]).max():.1e}" if np.size(values[k]) else label
            rows.append(Row(stages[k] if i == 0 else "", largest, values[k], heading=i == 0))
    return _figure(rows, title)


def _size(values: Floats) -> str:
    C, H, W = values.shape
    return f"{C} units" if H == W == 1 else f"{C} × {H} × {W}" if C > 1 else f"{H} × {W}"


def _figure(rows: "Sequence[Row]", title: str, probabilities: Floats | None = None) -> "Figure":
    if not rows:
        raise InputError("there are 0 layers to show, expected at least 1")
    from matplotlib.figure import Figure

    across = WIDTH - _LEFT - _EDGE
    mosaics = [_mosaic(row.values) for row in rows]
    sizes = [_inches(row.values, mosaic, across) for row, mosaic in zip(rows, mosaics, strict=True)]
    gaps = [_GAP if row.heading else _BETWEEN for row in rows]
    total = (
        2 * _EDGE + _TEXT + sum(height for _, height in sizes) + sum(gaps) + (0.75 if probabilities is not None else 0)
    )
    with look():
        figure = Figure(figsize=(WIDTH, total))
        figure.text(_EDGE / WIDTH, 1 - _EDGE / total, title, va="top", fontweight="bold", fontsize=9.5)
        top = total - _EDGE - _TEXT
        for row, mosaic, (breadth, height), gap in zip(rows, mosaics, sizes, gaps, strict=True):
            bottom = top - gap - height
            axes = figure.add_axes((_LEFT / WIDTH, bottom / total, breadth / WIDTH, height / total))
            _draw(axes, mosaic)
            middle = (bottom + height / 2) / total
            text = f"{row.name}\n{row.text}" if row.name else row.text
            figure.text(_EDGE / WIDTH, middle, text, va="center", fontsize=8.0, linespacing=1.25)
            top = bottom
        if probabilities is not None:
            axes = figure.add_axes((_LEFT / WIDTH, (_EDGE + 0.22) / total, 0.6 * across / WIDTH, 0.42 / total))
            _bars(axes, probabilities)
            figure.text(_EDGE / WIDTH, (_EDGE + 0.43) / total, "softmax\nprobabilities", va="center", fontsize=8.0)
    return figure


def _inches(values: Floats, mosaic: Floats, across: float) -> tuple[float, float]:
    """Width and height of a row."""
    C, H, W = values.shape
    if H == W == 1:
        return (across if C > 3 * _ROWS else across * C / 40, _STRIP) if C > 20 else (across * 0.6, _STRIP / 2)
    tall = _TALLEST if W > _SMALL else _SHORTER
    breadth = min(across, tall * mosaic.shape[1] / W)
    return breadth, breadth * mosaic.shape[0] / mosaic.shape[1]


def _mosaic(values: Floats) -> Floats:
    """Maps side by side with lines of NaN between them; units in three rows."""
    values = np.asarray(values, np.float64)
    C, H, W = values.shape
    if H == W == 1:
        rows = _ROWS if C > 20 else 1
        strip = np.full(rows * -(-C // rows), np.nan)
        strip[:C] = values.ravel()
        return strip.reshape(rows, -1)
    gap = max(1, round(W / 14))
    mosaic = np.full((H, C * (W + gap) - gap), np.nan)
    for k, image in enumerate(values):
        mosaic[:, k * (W + gap) : k * (W + gap) + W] = image
    return mosaic


def _draw(axes: "Axes", mosaic: Floats) -> None:
    magnitudes = np.abs(mosaic[np.isfinite(mosaic)])
    limit = max(float(np.percentile(magnitudes, _LIMIT)) if magnitudes.size else 0.0, 1e-300)
    rgba = signed_colors(mosaic, limit)
    rgba[np.isnan(mosaic)] = 0  # between the maps nothing is drawn: a frame is, around each
    axes.imshow(rgba, interpolation="none", aspect="auto")
    axes.grid(visible=False)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    _frames(axes, mosaic)


def _frames(axes: "Axes", mosaic: Floats) -> None:
    """A thin line around each map."""
    from matplotlib.patches import Rectangle

    height = len(mosaic)
    filled = np.concatenate([[False], np.isfinite(mosaic[0]), [False]])
    edges = np.flatnonzero(np.diff(filled.astype(int)))
    for start, end in edges.reshape(-1, 2):
        axes.add_patch(
            Rectangle(
                (start - 0.5, -0.5), end - start, height, fill=False, edgecolor=RULE, linewidth=0.6, clip_on=False
            )
        )


def _bars(axes: "Axes", probabilities: Floats) -> None:
    from handgrad.figures.style import BLUE

    classes = np.arange(len(probabilities))
    colors = [BLUE if k == probabilities.argmax() else RULE for k in classes]
    axes.bar(classes, probabilities, color=colors, width=0.7, edgecolor=INK, linewidth=0.4)
    axes.set_ylim(0, 1)
    axes.set_xlim(-0.5, len(probabilities) - 0.5)
    axes.set_yticks([0, 1])
    axes.set_xticks(classes)
    axes.tick_params(labelsize=7)
    axes.grid(visible=False)
