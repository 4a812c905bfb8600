"""Learning curves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from handgrad.figures.style import CYCLE, INK, legend, logarithmic, look, new_figure, spans_decades

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from handgrad.training.history import History


@dataclass(frozen=True)
class Curve:
    """A quantity by epoch: ``epochs`` (n,) and ``values`` (n,). ``marker``: single points, such as published ones,
    instead of a line. ``faint``: a thin line in the background."""

    label: str
    epochs: Sequence[float]
    values: Sequence[float]
    marker: str = ""
    faint: bool = False
    color: str | None = None


def draw_curves(axes: "Axes", curves: Sequence[Curve], ylabel: str, *, log: bool | None = None) -> None:
    """Draw ``curves`` into ``axes``, over the epoch; logarithmic where they span decades, unless ``log`` says."""
    from matplotlib.ticker import MaxNLocator

    colors = iter(CYCLE * (1 + len(curves) // len(CYCLE)))
    for curve in curves:
        color = curve.color or next(colors)
        if curve.marker:
            style: dict[str, Any] = {"ls": "none", "marker": curve.marker, "mfc": "none", "mew": 1.2, "ms": 4.5}
        elif curve.faint:
            style = {"lw": 0.6, "alpha": 0.45, "zorder": 1.5}
        else:
            style = {"marker": "o", "ms": 3.5} if len(curve.epochs) < 3 else {}
        axes.plot(curve.epochs, curve.values, color=color, label=curve.label or None, **style)
    everything = [value for curve in curves for value in curve.values]
    if spans_decades(everything) if log is None else log:
        logarithmic(axes)
    elif everything and min(everything) >= 0 and ylabel.startswith("loss"):
        axes.set_ylim(bottom=0)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel(ylabel)
    axes.margins(x=0.02)


def history_figure(history: "History") -> "Figure":
    """Loss, and validation loss where there is one, of every epoch of ``history``; the best epoch is marked."""
    curves = [Curve("training", [e.epoch for e in history], history["loss"])]
    validated = [e for e in history if e.validation_loss is not None]
    if validated:
        curves.append(Curve("validation", [e.epoch for e in validated], history["validation_loss"]))
    with look():
        figure, ((axes,),) = new_figure(width=6.0, height=3.4)
        draw_curves(axes, curves, "loss (mean over the samples)")
        if history.best_epoch is not None:
            axes.axvline(history.best_epoch, color=INK, lw=0.8, ls=":", label=f"best: epoch {history.best_epoch}")
        axes.set_title("Learning curve")
        if len(curves) > 1 or history.best_epoch is not None:
            legend(axes)
    return figure


def overlay_figure(
    panels: Mapping[str, Sequence[Curve]], *, titles: Sequence[str] = (), height: float = 3.2
) -> "Figure":
    """Panels side by side, each under the label of its vertical axis: curves of several trainings over each other.

    The legend stands in the last panel. ``titles``: one for each panel.
    """
    with look():
        figure, (row,) = new_figure(len(panels), height=height, above=0.0 if titles else -0.24)
        for axes, (ylabel, curves) in zip(row, panels.items(), strict=True):
            draw_curves(axes, curves, ylabel)
        for axes, title in zip(row, titles, strict=False):
            axes.set_title(title)
        legend(row[-1])
    return figure


def as_percent(values: Sequence[float]) -> list[float]:
    """Shares as percentages."""
    return [float(100 * value) for value in np.asarray(values, dtype=np.float64)]
