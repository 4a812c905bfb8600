"""Pictures of the lab ``counter``: what it counts, how it learns, and the way of its two weights over the loss."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from handgrad.figures.style import BLUE, GREEN, INK, ORANGE, PAPER, VERMILLION, logarithmic, look, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = np.ndarray[Any, np.dtype[Any]]

LOOKS: dict[str, dict[str, Any]] = {
    "exact": {"color": BLUE, "ls": "-", "marker": "o"},
    "published-1": {"color": VERMILLION, "ls": "--", "marker": "s"},
    "published-2": {"color": GREEN, "ls": "-.", "marker": "^"},
}
"""Of the three methods, in every figure: told apart by line and marker too."""

_LEVELS = np.arange(-4, 4.25, 0.5)  # contours of a map, powers of ten
_SMALLEST_LOSS = 1e-28  # that is shown: below are rounding errors, and 0
_DARKEST = 0.6  # depth of the darkest grey: what is drawn over a map must stand out
_COUNTED, _FEW_STEPS = 4, 25  # sequences that are drawn; steps whose markers have room
_LINES_ABOVE = 0.24  # inches for a legend


@dataclass(frozen=True)
class Landscape:
    """The loss over the weights: ``w_rec`` (n,), ``w_x`` (m,) and ``loss`` (m, n), in units of the loss of a counter
    that is always at 0; and ways over it, (I, 2) by name."""

    title: str
    w_rec: Floats
    w_x: Floats
    loss: Floats
    paths: Mapping[str, Floats]


def counts_figure(x: Floats, t: Floats, y: Floats) -> "Figure":
    """Up to four sequences, columns of ``x`` (T, N); their count ``t`` and the counter's output ``y``, both (T, N)."""
    n = min(_COUNTED, x.shape[1])
    steps = np.arange(1, len(x) + 1)
    size = 4.0 if len(x) <= _FEW_STEPS else 2.0
    with look():
        figure, (row,) = new_figure(n, height=2.7, above=0.1)
        for i, axes in enumerate(row):
            axes.plot(steps, t[:, i], color=INK, lw=1.0, drawstyle="steps-mid", label="ones so far")
            axes.plot(steps, y[:, i], ls="none", marker="o", ms=size, mfc="none", color=BLUE, label="output")
            ones = steps[x[:, i] == 1]
            axes.plot(ones, np.zeros(len(ones)), ls="none", marker="|", ms=7, color=ORANGE, label="input is 1")
            axes.set_title(f"sequence {i + 1}")
            axes.set_xlabel("step")
            _whole_ticks(axes)
        row[0].set_ylabel("count")
        _legend_above(figure, row[0])
    return figure


def learning_figure(loss: Mapping[str, Floats], angles: Mapping[str, Floats]) -> "Figure":
    """Loss (I,) and angle to the exact gradient in degrees (I,) by method, over the iterations; NaN is left out."""
    longest = max(1, *(len(values) - 1 for values in loss.values()))
    with look():
        figure, (row,) = new_figure(2, height=3.2)
        left, right = row
        for name, values in loss.items():
            style = {key: value for key, value in LOOKS[name].items() if key != "marker"}
            short = {"marker": "o", "ms": 3.5} if len(values) < 3 else {}
            visible = np.where(values > _SMALLEST_LOSS, values, np.nan)
            left.plot(np.arange(len(values)), visible, label=name, **style, **short)
        for name, values in angles.items():
            style = {"color": LOOKS[name]["color"], "marker": LOOKS[name]["marker"], "ls": "none"}
            right.plot(np.arange(len(values)), values, ms=2.0, mew=0, label=name, **style)
        for axes in row:
            axes.set_xlabel("iteration")
            axes.set_xlim(-0.02 * longest, 1.02 * longest)
        if any((values > _SMALLEST_LOSS).any() for values in loss.values()):  # else there is nothing to draw
            logarithmic(left)
        left.set_ylabel("loss E (summed over the steps)")
        right.axhline(90, color=INK, lw=0.8, ls=":")
        right.annotate("uphill above", (1.0, 90), (0, 3), xycoords=("axes fraction", "data"), ha="right", fontsize=7.5,
                       textcoords="offset points", color=INK)  # fmt: skip
        right.set_ylim(-5, 185)
        right.set_yticks(range(0, 181, 30))
        right.set_ylabel("angle to the exact gradient, degrees")
        _legend_above(figure, left)
    return figure


def paths_figure(panels: Sequence[Landscape]) -> "Figure":
    """The loss over (w_rec, w_x), contours by powers of ten, with the ways of the methods over it: from a ring to a
    filled marker. What leaves a panel runs along its edge. The star is the answer, the dotted line w_rec = 1."""
    from matplotlib.cm import ScalarMappable

    columns = min(2, len(panels))
    rows = -(-len(panels) // columns)
    with look():
        size: dict[str, Any] = {"right": 0.7, "above": _LINES_ABOVE}
        width = 7.2 if columns == 2 else 5.4
        figure, grid = new_figure(columns, rows, width=width, height=_LINES_ABOVE + 0.2 + 2.9 * rows, **size)
        for axes in grid.flat[len(panels) :]:
            axes.set_visible(False)
        shown: ScalarMappable | None = None
        for axes, panel in zip(grid.flat, panels, strict=False):
            shown = _draw_landscape(axes, panel)
        assert shown is not None
        box, other = grid[0, -1].get_position(), grid[-1, -1].get_position()
        inches = figure.get_figwidth()
        scale = figure.add_axes((box.x1 + 0.14 / inches, other.y0, 0.12 / inches, box.y1 - other.y0))
        figure.colorbar(shown, cax=scale, label="log₁₀ of the loss E, over that of the output 0")
        _legend_above(figure, grid[0, 0])
    return figure


def _log(loss: Floats) -> Floats:
    return np.asarray(np.log10(np.maximum(loss, 10.0 ** (_LEVELS[0] - 1))))


def _draw_landscape(axes: "Axes", panel: Landscape) -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    logs, levels = _log(panel.loss), _LEVELS
    shades = LinearSegmentedColormap.from_list("shades", [str(1 - _DARKEST * k / 8) for k in range(9)])
    filled = axes.contourf(panel.w_rec, panel.w_x, logs, levels=levels, cmap=shades, extend="both", zorder=1)
    axes.contour(panel.w_rec, panel.w_x, logs, levels=levels, colors=[INK], linewidths=0.3, zorder=1.5)
    axes.axvline(1, color=INK, lw=0.9, ls=":", zorder=2)
    left, right, lower, upper = panel.w_rec[0], panel.w_rec[-1], panel.w_x[0], panel.w_x[-1]
    for name, path in panel.paths.items():
        inside = np.column_stack([np.clip(path[:, 0], left, right), np.clip(path[:, 1], lower, upper)])
        style = LOOKS[name]
        axes.plot(*inside.T, color=PAPER, lw=3.0, zorder=2.9)
        axes.plot(*inside.T, color=style["color"], ls=style["ls"], lw=1.5, zorder=3, clip_on=False)
        marks: dict[str, Any] = {"ls": "none", "marker": style["marker"], "clip_on": False, "mec": style["color"]}
        axes.plot(*inside[0], mfc=PAPER, ms=5.5, zorder=4, **marks)
        axes.plot(*inside[-1], mfc=style["color"], ms=5.5, zorder=4, **marks)
        axes.plot([], [], color=style["color"], ls=style["ls"], marker=style["marker"], ms=4, label=name)
    axes.plot(1, 1, marker="*", ms=12, mfc=ORANGE, mec=INK, mew=0.7, ls="none", zorder=5, label="answer (1, 1)")
    axes.set_xlim(left, right)
    axes.set_ylim(lower, upper)
    axes.grid(visible=False)
    axes.set_title(panel.title)
    axes.set_xlabel("recurrent weight w_rec")
    axes.set_ylabel("input weight w_x")
    return filled


def _whole_ticks(axes: "Axes") -> None:
    from matplotlib.ticker import MaxNLocator

    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(4, integer=True))


def _legend_above(figure: "Figure", axes: "Axes") -> None:
    """The curves of ``axes`` in the strip above all axes."""
    handles, labels = axes.get_legend_handles_labels()
    options: dict[str, Any] = {"loc": "upper left", "ncols": 4, "columnspacing": 1.2, "handlelength": 2.4}
    figure.legend(handles, labels, bbox_to_anchor=(axes.get_position().x0, 1.0), **options)
