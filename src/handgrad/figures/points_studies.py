"""Pictures of the studies of the lab ``points``: curves over each other, maps of the plane."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from handgrad.figures.curves import Curve, draw_curves
from handgrad.figures.points import PlaneMap, draw_map, draw_points
from handgrad.figures.style import (
    BLUE,
    CLASS_COLORS,
    CYCLE,
    INK,
    legend,
    look,
    new_figure,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = np.ndarray[Any, np.dtype[Any]]

LOSS, _ACCURACY = "loss (summed over the points)", "accuracy 1 − mean |y − t|, %"
SQUARE = (0.0, 1.0, 0.0, 1.0)
"""Limits of the plane that the labs' own points lie in."""

_SMALLEST = 1e-8  # squared error of a point that is shown
_STYLES = ("-", "--", "-.", ":")


class Row(Protocol):
    """A measurement, ours or published: summed ``loss`` and ``accuracy``, a share, after ``epoch`` epochs."""

    @property
    def epoch(self) -> int: ...
    @property
    def loss(self) -> float: ...
    @property
    def accuracy(self) -> float: ...


def comparison_figure(
    curves: Sequence[tuple[str, Sequence[Row]]],
    published: Mapping[str, Sequence[Row]] | None = None,
    *,
    title: str = "",
) -> "Figure":
    """Loss and accuracy by epoch of trainings by name, over each other; ``published`` ones as circles, by the same
    names, in the same colours. ``title`` stands over the legend."""
    published = published or {}
    lines: dict[str, list[Curve]] = {LOSS: [], _ACCURACY: []}
    for i, (name, rows) in enumerate(curves):
        color = CYCLE[i % len(CYCLE)]
        for marker, part, label in (("", rows, name), ("o", _within(published.get(name, ()), rows), "")):
            if not part:
                continue
            epochs = [row.epoch for row in part]
            lines[LOSS].append(Curve(label, epochs, [row.loss for row in part], marker, color=color))
            lines[_ACCURACY].append(Curve(label, epochs, [100 * row.accuracy for row in part], marker, color=color))
    with look():
        figure, (row,) = new_figure(2, height=3.3)
        for axes, (label, panel) in zip(row, lines.items(), strict=True):
            draw_curves(axes, panel, label)
        if len(curves) > 1 or published:
            legend_above(figure, row[0], title, bool(published))
    return figure


def _within(published: Sequence[Row], ours: Sequence[Row]) -> list[Row]:
    """The published measurements within our epochs, without the start, which is another network's."""
    return [row for row in published if 0 < row.epoch <= ours[-1].epoch]


def legend_above(figure: "Figure", axes: "Axes", title: str, published: bool, columns: int = 7) -> None:
    """The curves of ``axes`` in the strip above all axes."""
    from matplotlib.lines import Line2D

    handles, labels = axes.get_legend_handles_labels()
    if title:
        handles, labels = [Line2D([], [], ls="none"), *handles], [title, *labels]
    if published:
        handles = [*handles, Line2D([], [], ls="none", marker="o", mfc="none", mec=INK, ms=4.5)]
        labels = [*labels, "published"]
    options: dict[str, Any] = {"loc": "upper left", "ncols": min(columns, len(handles)), "columnspacing": 1.0}
    left = axes.get_position().x0
    figure.legend(handles, labels, bbox_to_anchor=(left, 1.0), handlelength=1.3, handletextpad=0.4, **options)


def two_sets_figure(curves: Mapping[tuple[str, str], Sequence[Row]]) -> "Figure":
    """Loss and accuracy by epoch of trainings by data and widths: a colour for the widths, a line style for the "
    "data."""
    from matplotlib.lines import Line2D

    sets = list(dict.fromkeys(data for data, _ in curves))
    widths = list(dict.fromkeys(hidden for _, hidden in curves))
    with look():
        figure, (row,) = new_figure(2, height=3.3)
        for axes, label in zip(row, (LOSS, _ACCURACY), strict=True):
            panel = [
                Curve("", [r.epoch for r in rows], [r.loss if label == LOSS else 100 * r.accuracy for r in rows],
                      color=CYCLE[widths.index(hidden) % len(CYCLE)])
                for (_, hidden), rows in curves.items()
            ]  # fmt: skip
            draw_curves(axes, panel, label)
            for line, (data, _) in zip(axes.get_lines(), curves, strict=True):
                line.set_linestyle(_STYLES[sets.index(data)])
        handles = [Line2D([], [], color=CYCLE[i % len(CYCLE)], label=hidden) for i, hidden in enumerate(widths)]
        handles += [Line2D([], [], color=INK, ls=_STYLES[i], label=data) for i, data in enumerate(sets)]
        options: dict[str, Any] = {"loc": "upper left", "ncols": len(handles), "columnspacing": 1.2}
        figure.legend(handles=handles, bbox_to_anchor=(row[0].get_position().x0, 1.0), **options)
    return figure


def nearest_figure(
    points: Mapping[str, tuple[Floats, Floats]], curves: Mapping[tuple[str, str], Sequence[tuple[int, float]]]
) -> "Figure":
    """Left, by data: distances and squared errors of the points, both (n,). Right, by data and name: epochs and loss
    per point; a second training on the same data is dotted."""
    with look():
        figure, (row,) = new_figure(2, height=3.6)
        left, right = row
        for i, (data, (distance, losses)) in enumerate(points.items()):
            options: dict[str, Any] = {"ls": "none", "marker": "os"[i % 2], "ms": 4, "alpha": 0.75, "mew": 0}
            left.plot(distance, losses, color=CYCLE[i], label=data, **options)
        left.set_yscale("log")
        left.set_ylim(_SMALLEST, 1)
        left.set_xlabel("distance from where the classes meet")
        left.set_ylabel("squared error of the point")
        legend(left)
        sets = list(points)
        for j, ((data, name), course) in enumerate(curves.items()):
            first = [key for key in curves if key[0] == data][0][1] == name
            color = CYCLE[sets.index(data)]
            right.plot(*zip(*course, strict=True), color=color, ls="-" if first else ":", label=name, zorder=3 - j / 10)
        right.set_yscale("log")
        right.set_xlabel("epoch")
        right.set_ylabel("loss per point")
        legend(right)
    return figure


def two_boundaries_figure(panels: Sequence[tuple[str, PlaneMap, Floats, Floats]], wrong: Floats) -> "Figure":
    """The square as a linear and as an XOR classifier see it.

    ``panels``: title, map of ``SQUARE``, and training points x (n, 2), t (n, 1). Dashed are the true diagonal, and the
    lines where XOR's diagonals are equally near; ``wrong`` (m, 2) are points that the linear classifier calls wrong.
    """
    diagonal, halves = (((0, 1), (0, 1)),), (((0.5, 0.5), (0, 1)), ((0, 1), (0.5, 0.5)))
    truths: tuple[tuple[tuple[tuple[float, float], tuple[float, float]], ...], ...] = (diagonal, halves)
    with look():
        figure, (row,) = new_figure(2, width=7.0, square=True, above=0.2)
        for axes, (title, seen, x, t), lines in zip(row, panels, truths, strict=True):
            draw_map(axes, seen)
            draw_points(axes, x, (np.ravel(t) > 0.5).astype(int), size=14)
            for u, v in lines:
                axes.plot(u, v, color=INK, lw=1.0, ls=(0, (5, 3)), zorder=2.5)
            axes.set_title(title)
            _name_axes(axes)
        row[0].plot(wrong[:, 0], wrong[:, 1], ls="none", marker=".", ms=3.5, color=INK, zorder=3.5)
        _classes_above(figure, row[0], with_wrong=len(wrong) > 0)
    return figure


def _name_axes(axes: "Axes") -> None:
    axes.set_xlabel("x₀")
    axes.set_ylabel("x₁")


def _classes_above(
    figure: "Figure", axes: "Axes", names: Sequence[str] = ("0", "1"), *, with_wrong: bool = False
) -> None:
    """Classes, and the dots of points called wrong, in the strip above the axes."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], ls="none", marker=marker, color=color, ms=5.5, mew=0, label=f"class {name}")
        for marker, color, name in zip("os", CLASS_COLORS, names, strict=True)
    ]
    if with_wrong:
        handles.append(Line2D([], [], ls="none", marker=".", color=INK, ms=5, label="new point, called wrong"))
    options: dict[str, Any] = {"loc": "upper left", "ncols": len(handles), "handletextpad": 0.1}
    figure.legend(handles=handles, bbox_to_anchor=(axes.get_position().x0, 1.0), **options)


def offsets_figure(
    positions: Floats, offsets: Floats, edges: Sequence[float], shares: Sequence[float | None]
) -> "Figure":
    """Left: distance of the learned boundary from the diagonal, (n,) along it. Right: share of right classes in the
    bands between ``edges``, None where no point lies."""
    with look():
        figure, (row,) = new_figure(2, height=3.1)
        left, right = row
        left.axhline(0, color=INK, lw=0.9, ls=(0, (5, 3)))
        left.plot(positions, offsets, color=BLUE)
        left.set_xlabel("position along the diagonal, x₀ = x₁")
        left.set_ylabel("distance of the boundary (towards class 1)")
        left.yaxis.label.set_size(8)
        reach = 1.25 * max(0.01, float(np.nanmax(np.abs(offsets), initial=0.0)))
        left.set_ylim(-reach, reach)
        names = [f"< {high:g}" for high in edges[1:-1]] + [f"≥ {edges[-2]:g}"]
        heights = [0.0 if share is None else 100 * share for share in shares]
        bars = right.bar(names, heights, color=BLUE, width=0.72)
        right.bar_label(bars, [f"{height:.4g}" for height in heights], fontsize=7.5, padding=1)
        right.set_ylim(0, 112)
        right.set_yticks(range(0, 101, 25))
        right.grid(visible=False, axis="x")
        right.set_xlabel("distance of the points from the diagonal")
        right.set_ylabel("right classes, %")
    return figure


def stages_figure(
    panels: Sequence[tuple[str, PlaneMap]], x: Floats, t: Floats, *, features: Sequence[str], classes: Sequence[str]
) -> "Figure":
    """The plane as one network sees it at several epochs, three maps in a row, with their titles, and with the
    training points x (n, 2), t (n, 1)."""
    rows = -(-len(panels) // 3)
    with look():
        figure, grid = new_figure(3, rows, square=True, above=0.2)
        for axes in grid.flat[len(panels) :]:
            axes.set_visible(False)
        for axes, (title, seen) in zip(grid.flat, panels, strict=False):
            draw_map(axes, seen)
            draw_points(axes, x, (np.ravel(t) > 0.5).astype(int), size=9)
            axes.set_title(title, fontsize=8.5)
            axes.set_xlabel({"x0": "x₀"}.get(features[0], features[0][:30]))
            axes.set_ylabel({"x1": "x₁"}.get(features[1], features[1][:30]))
        _classes_above(figure, grid[0, 0], classes)
    return figure
