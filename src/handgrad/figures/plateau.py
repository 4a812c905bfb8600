"""Pictures of the study ``plateau``: what is measured while nothing seems to happen, and the walk down the gradient."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from handgrad.figures.points_studies import LOSS, legend_above
from handgrad.figures.style import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    VERMILLION,
    legend,
    look,
    new_figure,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = np.ndarray[Any, np.dtype[Any]]

_PLATEAU_LINES = {  # name of the training: colour, line style, width
    "float32": (BLUE, "-", 2.2),
    "larger rate": (BLUE, ":", 1.7),
    "rescaled output": (GREEN, "-.", 1.7),
    "cross-entropy": (VERMILLION, "--", 1.7),
}
_PLATEAU_NAMES = {"float32": "the report's run", "larger rate": "larger rate, float64"}


class Watched(Protocol):
    """What is measured of a training by epoch; saturations are shares by sigmoid layer."""

    epochs: list[int]
    losses: list[float]
    gradients: list[float]
    saturations: list[list[float]]


def plateau_figure(watches: Mapping[str, Watched], factor: float) -> "Figure":
    """Loss and gradient norm of trainings from one start, and the saturated units of the first, by epoch on a
    logarithmic axis. The epochs of "larger rate" are multiplied by ``factor``."""
    with look():
        figure, (row,) = new_figure(3, height=3.2, width=8.4)
        for name, (color, style, width) in _PLATEAU_LINES.items():
            if name not in watches:
                continue
            watch = watches[name]
            epochs = np.array(watch.epochs[1:]) * (factor if name == "larger rate" else 1.0)
            options: dict[str, Any] = {
                "color": color,
                "ls": style,
                "lw": width,
                "label": _PLATEAU_NAMES.get(name, name),
            }
            row[0].plot(epochs, watch.losses[1:], **options)
            row[1].plot(epochs, watch.gradients[1:], **options)
        _draw_saturation(row[2], watches["float32"])
        if "larger rate" in watches:
            _draw_saturation(row[2], watches["larger rate"], factor, style=":")
        row[0].set_ylabel(LOSS)
        row[0].set_ylim(bottom=0)
        row[1].set_yscale("log")
        row[1].set_ylabel("norm of the gradient")
        for axes in row:
            axes.set_xscale("log")
            axes.set_xlabel("epoch")
        legend_above(figure, row[0], "", published=False)
    return figure


def _draw_saturation(axes: "Axes", watch: Watched, factor: float = 1.0, style: str = "-") -> None:
    """Saturated share of every layer, in percent; the legend names the solid lines."""
    shares = 100 * np.array(watch.saturations)
    layers = shares.shape[1]
    epochs = factor * np.array(watch.epochs[1:])
    for i in range(layers):
        last = i == layers - 1
        color = INK if last else (ORANGE, PURPLE, GREEN)[i % 3]
        label = "" if style != "-" else "output" if last else f"hidden {i + 1}"
        axes.plot(epochs, shares[1:, i], color=color, ls=style, label=label or None)
    axes.set_ylim(-3, 104)
    axes.set_ylabel("saturated units, %")
    legend(axes, loc="center left", bbox_to_anchor=(0.0, 0.62))


def descent_figure(lengths: Floats, line: Floats, loss: float, slope: float) -> "Figure":
    """Loss (n,) at ``lengths`` (n,) down the gradient, from a place of ``loss`` and ``slope`` (the gradient's norm);
    and how much lower it is than there, beside what the slope alone would bring."""
    with look():
        figure, (row,) = new_figure(2, height=3.2)
        left, right = row
        left.plot(lengths, line, color=BLUE)
        left.axhline(loss, color=INK, lw=0.8, ls=(0, (5, 3)), label="where the run stands")
        left.set_xscale("log")
        left.set_xlabel("length of the step down the gradient")
        left.set_ylabel(LOSS)
        legend(left)
        gain = np.where(loss - line > 0, loss - line, np.nan)
        right.plot(lengths, gain, color=BLUE, label="measured")
        right.plot(lengths, slope * lengths, color=VERMILLION, ls="--", label="slope × length")
        right.set_xscale("log")
        right.set_yscale("log")
        right.set_xlabel("length of the step down the gradient")
        right.set_ylabel("fall of the loss")
        legend(right)
    return figure
