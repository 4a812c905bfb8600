"""Points with two classes, and what a classifier says of the plane that they lie in."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from handgrad.figures.style import CLASS_COLORS, CLASS_MARKERS, INK, PAPER, look, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = np.ndarray[Any, np.dtype[Any]]
Limits = tuple[float, float, float, float]
Predict = Callable[[Floats], Floats]

_GRID = 121  # points along each side of a map of the plane
_OPACITY = 0.55  # of a map where the classifier is certain
_LEGEND = 0.2  # inches above the axes
_MARGIN = 0.04  # around the points, as a share of their range


class PlaneMap(NamedTuple):
    """The probability of class 1 on a grid of points within ``limits``: p (rows, columns), the lowest row first."""

    limits: Limits
    p: Floats


def plane(x: Floats) -> Limits:
    """Left, right, lower and upper limit of the plane that shows the points ``x`` (n, 2)."""
    low, high = x.min(axis=0), x.max(axis=0)
    margin = np.where(high > low, (high - low) * _MARGIN, 0.5)
    (left, lower), (right, upper) = low - margin, high + margin
    return float(left), float(right), float(lower), float(upper)


def map_of(predict: Predict, limits: Limits) -> PlaneMap:
    """What ``predict`` ((n, 2) to (n, 1) or (n,), the probability of class 1) says of the plane within ``limits``."""
    u, v = _grid(limits)
    p = np.asarray(predict(np.column_stack([u.ravel(), v.ravel()])), dtype=np.float64)
    return PlaneMap(limits, p.reshape(u.shape))


def _grid(limits: Limits) -> tuple[Floats, Floats]:
    left, right, lower, upper = limits
    u, v = np.meshgrid(np.linspace(left, right, _GRID), np.linspace(lower, upper, _GRID))
    return u, v


def draw_points(axes: "Axes", x: Floats, classes: Floats, size: float = 22.0) -> None:
    """Points ``x`` (n, 2) by their ``classes`` (n,), 0 or 1: in colour and shape."""
    for number, (color, marker) in enumerate(zip(CLASS_COLORS, CLASS_MARKERS, strict=True)):
        chosen = x[classes == number]
        axes.scatter(
            chosen[:, 0], chosen[:, 1], s=size, c=color, marker=marker, edgecolors=PAPER, linewidths=0.5, zorder=3
        )


def mark_wrong(axes: "Axes", x: Floats, size: float = 90.0) -> None:
    """Rings around the points ``x`` (n, 2)."""
    axes.scatter(x[:, 0], x[:, 1], s=size, facecolors="none", edgecolors=INK, linewidths=1.1, zorder=4)


def draw_map(axes: "Axes", seen: PlaneMap) -> None:
    """What a classifier says of the plane. The colour is that of the likelier class, paler as the classifier is less
    certain; the line is where it says 0.5."""
    p, limits = seen.p, seen.limits
    axes.imshow(_map_colors(p), extent=limits, origin="lower", aspect="auto", interpolation="bilinear", zorder=1)
    if p.min() < 0.5 < p.max():
        axes.contour(*_grid(limits), p, levels=[0.5], colors=[INK], linewidths=1.4, zorder=2)
    axes.grid(visible=False)
    axes.set_xlim(limits[:2])
    axes.set_ylim(limits[2:])


def _map_colors(p: Floats) -> Floats:
    """Probabilities of class 1 as RGBA, transparent at 0.5, so that a map stands on any background."""
    from matplotlib.colors import to_rgb

    rgba = np.empty((*p.shape, 4))
    rgba[..., :3] = np.where((p > 0.5)[..., None], to_rgb(CLASS_COLORS[1]), to_rgb(CLASS_COLORS[0]))
    rgba[..., 3] = np.abs(2 * p - 1) * _OPACITY
    return rgba


def prediction_figure(
    parts: Sequence[tuple[str, Floats, Floats, Floats]], *, features: Sequence[str], classes: Sequence[str]
) -> "Figure":
    """Ground truth beside prediction, a row for each of ``parts``: name, x (n, 2), t (n,) and y (n,) in [0, 1].

    A point that is called wrong has a ring. Wrong are those where y > 0.5 and t > 0.5 differ.
    """
    limits = plane(np.concatenate([x for _, x, _, _ in parts]))
    with look():
        figure, rows = new_figure(2, len(parts), width=6.4, square=True, above=_LEGEND)
        for (left, right), (name, x, t, y) in zip(rows, parts, strict=True):
            truth, said = (np.ravel(t) > 0.5).astype(int), (np.ravel(y) > 0.5).astype(int)
            wrong = truth != said
            draw_points(left, x, truth)
            draw_points(right, x, said)
            mark_wrong(right, x[wrong])
            left.set_title(f"{name}: ground truth")
            right.set_title(f"prediction: {_count(int(wrong.sum()), len(x))}")
            for axes in (left, right):
                _frame(axes, limits, features)
        _class_legend(figure, classes)
    return figure


def boundary_figure(
    panels: Sequence[tuple[str, PlaneMap, Floats, Floats]], *, features: Sequence[str], classes: Sequence[str]
) -> "Figure":
    """The plane as classifiers see it, up to three side by side: title, map, and points x (n, 2), t (n,)."""
    width = {1: 4.9, 2: 7.0}.get(len(panels), 7.6)
    with look():
        figure, (row,) = new_figure(len(panels), width=width, square=True, right=0.75, above=_LEGEND)
        for axes, (title, seen, x, t) in zip(row, panels, strict=True):
            draw_map(axes, seen)
            draw_points(axes, x, (np.ravel(t) > 0.5).astype(int))
            axes.set_title(title)
            _frame(axes, seen.limits, features)
        _class_legend(figure, classes)
        _probability_scale(figure, row[-1], classes[1])
    return figure


def _count(wrong: int, of: int) -> str:
    return f"{wrong} of {of} wrong" if wrong else f"all {of} right"


def _frame(axes: "Axes", limits: Limits, features: Sequence[str]) -> None:
    axes.set_xlim(limits[0], limits[1])
    axes.set_ylim(limits[2], limits[3])
    axes.set_xlabel(_feature(features[0]))
    axes.set_ylabel(_feature(features[1]))


def _feature(name: str) -> str:
    """The points' own coordinates as they stand in an equation; a name from a file as it is, and not as TeX."""
    return {"x0": "x₀", "x1": "x₁"}.get(name, " ".join(name.split())[:40].replace("$", r"\$"))


def _class_legend(figure: "Figure", classes: Sequence[str]) -> None:
    """Names of the classes in the strip above the axes."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], ls="none", marker=marker, color=color, mec=PAPER, mew=0.5, ms=6, label=f"class {_feature(name)}")
        for color, marker, name in zip(CLASS_COLORS, CLASS_MARKERS, classes, strict=True)
    ]
    left = figure.axes[0].get_position().x0
    options: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (left, 1.0), "ncols": len(handles)}
    figure.legend(handles=handles, columnspacing=1.2, handletextpad=0.1, borderpad=0.2, **options)


def _probability_scale(figure: "Figure", beside: "Axes", name: str) -> None:
    """What the colours of a map mean, to the right of ``beside``."""
    box = beside.get_position()
    width = figure.get_figwidth()
    axes = figure.add_axes((box.x1 + 0.14 / width, box.y0, 0.12 / width, box.height))
    axes.imshow(_map_colors(np.linspace(0, 1, 128)[:, None]), extent=(0, 1, 0, 1), origin="lower", aspect="auto")
    axes.grid(visible=False)
    axes.set_xticks([])
    axes.yaxis.tick_right()
    axes.yaxis.set_label_position("right")
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.set_ylabel(f"probability of class {_feature(name)}")
    axes.spines[:].set_visible(False)
