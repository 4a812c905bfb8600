"""Digits that were read wrong, and what the hidden units look for."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from handgrad.errors import InputError, wrong_shape
from handgrad.figures.style import BLUE, INK, RULE, VERMILLION, WIDTH, look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = np.ndarray[Any, np.dtype[np.floating[Any]]]

_COLUMNS = 8  # images side by side
_EDGE = 0.1  # inches around a figure
_TEXT = 0.34  # inches above an image, for what it is and what was said
_MOST_UNITS = 128
_LARGEST = 1.5  # inches of an image of weights
_SCALE_WIDTH = 0.75  # inches for the colour scale
_GRID = (0.5, 0.55, 0.6, 0.35)  # red, green, blue, opacity: to be seen on light and on dark paper
_LIMIT = 99.8  # percentile of the weights' magnitude that has the full colour


@dataclass(frozen=True)
class Mistake:
    """An ``image`` (height, width), 0 paper and 1 ink, of the class ``true`` that was called ``said``, with the
    ``probability`` that was given to that."""

    image: Floats
    true: str
    said: str
    probability: float


def mistakes_figure(mistakes: Sequence[Mistake]) -> "Figure":
    """The images in rows, above each the true class, an arrow, the class that was said, and its probability.

    Raises InputError where there is none.
    """
    if not mistakes:
        raise InputError("there are 0 mistakes to show, expected at least 1")
    from matplotlib.figure import Figure

    rows = -(-len(mistakes) // _COLUMNS)
    cell = (WIDTH - 2 * _EDGE) / _COLUMNS
    side, step = cell - 0.1, cell + _TEXT - 0.05
    height = rows * step + 2 * _EDGE
    with look():
        figure = Figure(figsize=(WIDTH, height))
        for k, mistake in enumerate(mistakes):
            row, column = divmod(k, _COLUMNS)
            left, top = _EDGE + column * cell + 0.05, _EDGE + row * step + _TEXT
            axes = figure.add_axes((left / WIDTH, 1 - (top + side) / height, side / WIDTH, side / height))
            axes.imshow(mistake.image, cmap="gray_r", vmin=0, vmax=1, interpolation="none")
            _bare(axes)
            text = f"{_plain(mistake.true)} → {_plain(mistake.said)}\n{_percent(mistake.probability)}"
            axes.set_title(text, loc="center", fontsize=8.0, fontweight="normal", pad=2.5, linespacing=1.05)
    return figure


def weights_figure(W: Floats, image_shape: tuple[int, int]) -> "Figure":
    """Rows of ``W`` (units, height * width) as images, positive orange, negative blue, zero clear; one scale for all.

    Of more than 128 units those with the largest weights (by norm) are shown. Raises InputError for another shape.
    """
    height, width = image_shape
    if W.ndim != 2 or W.shape[1] != height * width or not len(W):
        raise wrong_shape("W", W.shape, ("units", height * width), f"an image of {height} x {width} for every unit")
    from matplotlib.figure import Figure

    W = np.asarray(W, np.float64)  # after a divergence the squares may be too large for float32
    chosen = np.sort(np.argsort(-np.linalg.norm(W, axis=1), kind="stable")[:_MOST_UNITS])
    mosaic = _mosaic(W[chosen].reshape(-1, height, width))
    limit = max(float(np.percentile(np.abs(W[chosen]), _LIMIT)), 1e-12)
    across = min(WIDTH - 2 * _EDGE - _SCALE_WIDTH, _LARGEST * mosaic.shape[1] / width)
    down = across * mosaic.shape[0] / mosaic.shape[1]
    inches, total = down + 2 * _EDGE + 0.3, across + 2 * _EDGE + _SCALE_WIDTH
    with look():
        figure = Figure(figsize=(total, inches))
        box = (_EDGE / total, _EDGE / inches, across / total, down / inches)
        axes = figure.add_axes(box)
        axes.imshow(signed_colors(mosaic, limit), interpolation="none")
        _bare(axes, frame=False)
        shown = (
            f"{len(chosen)} of {len(W)} hidden units, those with the largest weights" if len(chosen) < len(W) else ""
        )
        axes.set_title(shown or f"{len(W)} hidden unit{'s' if len(W) > 1 else ''}")
        scale = figure.add_axes(((_EDGE + across + 0.14) / total, box[1], 0.12 / total, box[3]))
        _draw_scale(scale, limit)
    return figure


def _mosaic(images: Floats) -> Floats:
    """``images`` (n, height, width) in rows, about twice as many across as down; between them NaN."""
    n, height, width = images.shape
    columns = min(n, max(1, math.ceil(math.sqrt(2 * n))))
    rows = -(-n // columns)
    gap = 1 if max(height, width) < 16 else 2
    mosaic = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap), np.nan)
    for k, image in enumerate(images):
        row, column = divmod(k, columns)
        top, left = row * (height + gap), column * (width + gap)
        mosaic[top : top + height, left : left + width] = image
    return mosaic


def signed_colors(values: Floats, limit: float) -> Floats:
    """``values`` as RGBA: the colour is the sign, the opacity the magnitude, full at ``limit``; NaN is the grid.
    Transparent at zero, so that it stands on any background."""
    from matplotlib.colors import to_rgb

    rgba = np.empty((*values.shape, 4))
    rgba[..., :3] = np.where((values > 0)[..., None], to_rgb(VERMILLION), to_rgb(BLUE))
    rgba[..., 3] = np.minimum(np.abs(values) / limit, 1.0)
    rgba[np.isnan(values)] = _GRID
    return rgba


def _draw_scale(axes: "Axes", limit: float) -> None:
    values = np.linspace(-limit, limit, 129)[:, None]
    axes.imshow(signed_colors(values, limit), extent=(0, 1, -limit, limit), origin="lower", aspect="auto")
    axes.grid(visible=False)
    axes.set_xticks([])
    axes.yaxis.tick_right()
    axes.yaxis.set_label_position("right")
    axes.set_ylabel("weight")
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color(RULE)


def _bare(axes: "Axes", frame: bool = True) -> None:
    axes.grid(visible=False)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(frame)
    axes.spines[:].set(color=INK, linewidth=0.5)


def _plain(name: str) -> str:
    return name[:8].replace("$", r"\$")


def _percent(share: float) -> str:
    """A probability in percent; one that is not quite 1 is not shown as 100."""
    return f"{min(100 * share, 99.9):.1f} %" if share < 0.9995 else "> 99.9 %"
