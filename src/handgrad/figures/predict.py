"""Photographs of digits, what the network was shown of them, and what it says."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from handgrad.errors import InputError
from handgrad.figures.style import BLUE, INK, RULE, look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = np.ndarray[Any, np.dtype[np.floating[Any]]]

MOST = 40
"""Pictures that are drawn."""

_SIDE, _GAP, _EDGE, _NAME = 1.15, 0.2, 0.12, 0.24  # inches: of a picture, between two, around all, of a file's name
_BARS, _SCALE = 2.6, 0.42  # inches: of the bars, and of the numbers beside them
_LONGEST_NAME = 60


class Answer(Protocol):
    """``rgb`` (height, width, 3) the picture, ``image`` (rows, columns) what the network was shown, all in [0, 1];
    ``probabilities`` of the classes."""

    @property
    def file(self) -> str: ...
    @property
    def probabilities(self) -> Floats: ...
    @property
    def rgb(self) -> Floats: ...
    @property
    def image(self) -> Floats: ...


def predictions_figure(answers: Sequence[Answer]) -> "Figure":
    """A row for each of the first 40 answers: the picture, what the network was shown, probabilities as bars.

    Raises InputError where there is none.
    """
    if not answers:
        raise InputError("there are 0 answers to show, expected at least 1")
    from matplotlib.figure import Figure

    shown = answers[:MOST]
    step = _SIDE + _NAME + 0.3
    width = 2 * _EDGE + 2 * (_SIDE + _GAP) + _BARS + _SCALE
    height = 2 * _EDGE + len(shown) * step
    with look():
        figure = Figure(figsize=(width, height))
        for k, answer in enumerate(shown):
            bottom = height - _EDGE - k * step - _NAME - _SIDE

            def place(left: float, across: float, bottom: float = bottom) -> "Axes":
                return figure.add_axes((left / width, bottom / height, across / width, _SIDE / height))

            _picture(place(_EDGE, _SIDE), answer.rgb, name=answer.file)
            _picture(place(_EDGE + _SIDE + _GAP, _SIDE), answer.image)
            _bars(place(_EDGE + 2 * (_SIDE + _GAP) + _SCALE, _BARS), answer.probabilities)
    return figure


def _picture(axes: "Axes", pixels: Floats, name: str = "") -> None:
    smooth = "bilinear" if pixels.ndim == 3 else "none"
    axes.imshow(np.clip(pixels, 0, 1), cmap="gray_r", vmin=0, vmax=1, interpolation=smooth)
    axes.grid(visible=False)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(True)
    axes.spines[:].set(color=INK, linewidth=0.5)
    if name:
        short = name if len(name) <= _LONGEST_NAME else f"…{name[-_LONGEST_NAME:]}"
        axes.annotate(
            short.replace("$", r"\$"),
            (0, 1),
            xytext=(0, 4),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize=8,
        )


def _bars(axes: "Axes", probabilities: Floats) -> None:
    classes = np.arange(len(probabilities))
    colors = [BLUE if k == probabilities.argmax() else RULE for k in classes]
    axes.bar(classes, 100 * probabilities, color=colors, width=0.7, edgecolor=INK, linewidth=0.4)
    axes.set_ylim(0, 100)
    axes.set_yticks([0, 50, 100], ["0", "50", "100 %"])
    axes.set_xticks(classes)
    axes.grid(visible=False, axis="x")
    best = int(probabilities.argmax())
    beside = best - 0.6 if best > len(classes) / 2 else best + 0.6
    side = "right" if best > len(classes) / 2 else "left"
    percent = 100 * float(probabilities.max())
    text = f"{best}: {percent:.1f} %" if percent < 99.95 else f"{best}: > 99.9 %"
    axes.text(beside, 92, text, ha=side, va="top", fontweight="bold")
