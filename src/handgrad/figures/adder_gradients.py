"""Pictures of gradient flow through time: heat maps of the norm of dL_t/dh_k, and its fading with the distance."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from handgrad.figures.style import CYCLE, INK, WIDTH, look, new_figure, power_of_ten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = np.ndarray[Any, np.dtype[Any]]

_DECADES = 12.0  # below the largest norm; smaller ones have the colour of the least
_LEAST = 1e-24  # what is left of a gradient, drawn
_COLORS = "viridis"  # its lightness grows evenly: also for the colour-blind, and in grey
_IN_A_ROW, _WIDTH_OF_TWO = 3, 5.6  # panels; inches
_LINES = ("-", "--", "-.", ":")


class Flow(Protocol):
    """``norms`` (T, T) of dL_t/dh_k, NaN for k > t; spectral ``radius`` of W; ``reach`` (T,) by distance."""

    @property
    def norms(self) -> Floats: ...
    @property
    def radius(self) -> float: ...
    @property
    def reach(self) -> Floats: ...


def flow_figure(flows: "Mapping[str, Flow]", *, named: bool = True) -> "Figure":
    """A heat map for each of up to four flows by name, on one logarithmic scale: row t, the step whose loss it is;
    column k, the step whose state feels it. Above each stand its name, if ``named``, and the spectral radius."""
    from matplotlib.colors import LogNorm

    low, high = _limits([flow.norms for flow in flows.values()])
    norm = LogNorm(low, high)
    with look():
        columns, rows = (len(flows), 1) if len(flows) <= _IN_A_ROW else (2, 2)
        width = WIDTH if rows == 1 else _WIDTH_OF_TWO
        above = 0.16 if named else 0.0
        figure, grid = new_figure(columns, rows, width=width, square=True, right=0.8, above=above)
        for axes, (name, flow) in zip(grid.flat, flows.items(), strict=True):
            T = len(flow.norms)
            shown = np.clip(flow.norms, low, high)
            image = axes.imshow(
                shown, norm=norm, cmap=_COLORS, interpolation="none", extent=(0.5, T + 0.5, T + 0.5, 0.5)
            )
            axes.set_title((f"{name}\n" if named else "") + f"ρ(W) = {flow.radius:.2f}")
            axes.grid(visible=False)
            ticks = [1, *(k for k in range(1, T + 1) if k % max(1, -(-T // 4)) == 0 and k > 1)]
            axes.set_xticks(ticks)
            axes.set_yticks(ticks)
            axes.set_xlabel("state of step k")
            axes.set_ylabel("loss of step t")
        _scale(figure, grid[0, -1], grid[-1, -1], image)
    return figure


def _limits(norms: "Sequence[Floats]") -> tuple[float, float]:
    """The least and the largest norm to be told apart, both above 0."""
    values = np.concatenate([each.ravel() for each in norms])
    values = values[np.isfinite(values) & (values > 0)]
    if not values.size:
        return 0.1, 1.0
    high = float(values.max())
    low = max(float(values.min()), high * 10**-_DECADES)
    return (low, high) if low < high else (high / 10, high)


def _scale(figure: "Figure", upper: "Axes", lower: "Axes", image: Any) -> None:
    """What the colours mean, to the right of the axes from ``upper`` to ``lower``."""
    top, box, width = upper.get_position().y1, lower.get_position(), figure.get_figwidth()
    axes = figure.add_axes((box.x1 + 0.14 / width, box.y0, 0.12 / width, top - box.y0))
    bar = figure.colorbar(image, cax=axes, format=power_of_ten)
    bar.set_label("norm of ∂L(t)/∂h(k)")
    axes.minorticks_off()
    axes.grid(visible=False)


def reach_figure(flows: "Mapping[str, tuple[Flow, Flow]]", legend_title: str) -> "Figure":
    """What is left of the gradient by distance, before (left) and after training (right), one line for each name."""
    with look():
        figure, (row,) = new_figure(2, height=3.4, right=1.15)
        for axes, part, title in zip(row, (0, 1), ("Before training", "After training"), strict=True):
            for i, (name, pair) in enumerate(flows.items()):
                reach = pair[part].reach
                lags = np.arange(len(reach))
                shown = np.where(reach > _LEAST, reach, np.nan)
                axes.plot(lags, shown, color=CYCLE[i % len(CYCLE)], ls=_LINES[i % len(_LINES)], label=name)
            axes.axhline(1, color=INK, lw=0.8, ls=":")
            axes.set_yscale("log")
            axes.minorticks_off()
            axes.set_xlabel("steps back, t − k")
            axes.set_ylabel("norm at h(k) over norm at h(t)")
            axes.set_title(title)
        handles, labels = row[0].get_legend_handles_labels()
        box = row[1].get_position()
        place = (box.x1 + 0.005, box.y1)
        figure.legend(handles, labels, loc="upper left", bbox_to_anchor=place, title=legend_title, handlelength=2.2)
    return figure
