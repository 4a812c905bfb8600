"""Confusion matrices: what was taken for what."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from handgrad.errors import InputError, wrong_shape
from handgrad.figures.style import BLUE, INK, PAPER, VERMILLION, look, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Counts = np.ndarray[Any, np.dtype[np.int64]]

_MOST_NUMBERED = 20  # classes up to which the counts are written into the cells
_RIGHT = 0.28  # opacity of the diagonal
_PALEST = 0.1  # opacity of a cell with a single mistake
_MARGIN = 0.5  # inches for the recalls beside the matrix
_ABOVE = 0.16  # inches for the names above it


def confusion_counts(true: Any, said: Any, classes: int) -> Counts:
    """Counts (classes, classes): row i, column j is how often class i was called j. ``true`` and ``said`` (n,) are
    class numbers. Raises InputError where they are not equally many, or not class numbers."""
    true, said = np.asarray(true), np.asarray(said)
    if true.shape != said.shape or true.ndim != 1:
        raise wrong_shape("said", said.shape, true.shape, "a class called for every class that is true")
    for name, numbers in (("true", true), ("said", said)):
        wrong = np.flatnonzero((numbers < 0) | (numbers >= classes) | (numbers != np.floor(numbers)))
        if wrong.size:
            row = int(wrong[0])
            raise InputError(
                f"{name} holds {numbers[row]} in row {row}, expected class numbers from 0 to {classes - 1}"
            )
    pairs = true.astype(np.int64) * classes + said.astype(np.int64)
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def confusion_figure(counts: Counts, classes: Sequence[str]) -> "Figure":
    """``counts`` (C, C) as a matrix, a row for each true class, with the recall of each class at the right and its
    precision below. Right ones are blue; wrong ones orange, the stronger the larger their share of the true class."""
    counts = np.asarray(counts)
    C = len(classes)
    if counts.shape != (C, C):
        raise wrong_shape("counts", counts.shape, (C, C), "a row and a column for every class")
    with look():
        figure, ((axes,),) = new_figure(width=6.2, square=True, right=_MARGIN, above=_ABOVE)
        _cells(axes, counts)
        if C <= _MOST_NUMBERED:
            _numbers(axes, counts)
        _frame(axes, counts, classes)
    return figure


def _cells(axes: "Axes", counts: Counts) -> None:
    from matplotlib.colors import to_rgb

    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    off = shares[~np.eye(len(counts), dtype=bool)]
    # the root lets a single mistake be seen beside many
    strength = np.sqrt(shares / max(float(off.max(initial=0.0)), 1e-12))
    rgba = np.empty((*counts.shape, 4))
    rgba[..., :3] = to_rgb(VERMILLION)
    rgba[..., 3] = np.where(counts > 0, _PALEST + (0.85 - _PALEST) * np.minimum(strength, 1), 0.0)
    diagonal = np.arange(len(counts))
    rgba[diagonal, diagonal] = (*to_rgb(BLUE), _RIGHT)
    # drawn as areas, not as an image: they stay sharp at any size, and take the colours of the page
    axes.pcolormesh(np.arange(len(counts) + 1) - 0.5, np.arange(len(counts) + 1) - 0.5, rgba, edgecolors=PAPER, lw=0.6)


def _numbers(axes: "Axes", counts: Counts) -> None:
    size = 8.0 if len(counts) <= 12 else 6.0
    for (i, j), count in np.ndenumerate(counts):
        if count:
            weight = "bold" if i == j else "normal"
            axes.text(j, i, f"{count}", ha="center", va="center", fontsize=size, fontweight=weight, color=INK)


def _frame(axes: "Axes", counts: Counts, classes: Sequence[str]) -> None:
    """Names of the classes, and the shares beside them."""
    C = len(classes)
    axes.set_xlim(-0.5, C - 0.5)
    axes.set_ylim(C - 0.5, -0.5)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    names = [name[:12].replace("$", r"\$") for name in classes]
    ticks = range(0, C, -(-C // _MOST_NUMBERED))
    axes.set_xticks(ticks, [names[k] for k in ticks], rotation=90 if max(map(len, names)) > 3 else 0)
    axes.set_yticks(ticks, [names[k] for k in ticks])
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xlabel("class that the network says", labelpad=7.0)
    axes.set_ylabel("true class")
    if C > _MOST_NUMBERED:
        return
    axes.text(C - 0.4, -0.62, "recall, %", ha="left", va="bottom", fontsize=8.0, color=INK)
    axes.text(-0.62, C - 0.38, "precision,\n%", ha="right", va="top", fontsize=8.0, color=INK)
    for k, recall in enumerate(_shares(counts, axis=1)):
        axes.text(C - 0.4, k, recall, ha="left", va="center", fontsize=8.0, color=INK)
    for k, precision in enumerate(_shares(counts, axis=0)):
        axes.text(k, C - 0.38, precision, ha="center", va="top", fontsize=8.0, color=INK)


def _shares(counts: Counts, axis: int) -> list[str]:
    """Of each class, the share of the row (axis 1) or column (axis 0) that is right, in percent."""
    totals = counts.sum(axis=axis)
    return [f"{100 * counts[k, k] / n:.1f}" if n else "–" for k, n in enumerate(totals)]
