"""Pictures of the study of lengths of the lab ``counter``."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from handgrad.figures.counter import LOOKS
from handgrad.figures.style import CYCLE, INK, legend, logarithmic, look, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = np.ndarray[Any, np.dtype[Any]]
ByLength = Sequence[tuple[int, float]]

_STYLES = ("-", "--", "-.", ":")
_RATES = ((0.001, "rate 0.001 (text)"), (0.01, "rate 0.01 (code)"))  # of the report
_SMALLEST_TERM = 1e-2  # that a map of product terms shows apart from 0


def outcomes_figure(shares: Mapping[tuple[str, str], ByLength]) -> "Figure":
    """Share of seeds that learn, in percent, by length: a panel for each setting, a curve for each method."""
    settings = list(dict.fromkeys(setting for setting, _ in shares))
    with look():
        figure, (row,) = new_figure(len(settings), height=2.9)
        for axes, setting in zip(row, settings, strict=True):
            for (its, method), values in shares.items():
                if its == setting and values:
                    axes.plot(*zip(*values, strict=True), label=method, ms=5, **LOOKS[method])
            _length_axis(axes, [n for values in shares.values() for n, _ in values])
            axes.set_ylim(-4, 104)
            axes.set_ylabel("seeds that learn, %")
            axes.set_title(f"setting {setting}")
        legend(row[0])
    return figure


def cliff_figure(slices: Mapping[int, tuple[Floats, Floats, Floats]]) -> "Figure":
    """By length: w_rec (n,), the loss and its derivative by w_rec along it, w_x = 1; both axes logarithmic."""
    with look():
        figure, (row,) = new_figure(2, height=3.2)
        for axes, part, label in zip(row, (1, 2), ("loss E", "size of dE/dw_rec"), strict=True):
            for i, (steps, curves) in enumerate(slices.items()):
                values = np.abs(curves[part])
                visible = np.where((values > 0) & np.isfinite(values), values, np.nan)
                style = {"color": CYCLE[i % len(CYCLE)], "ls": _STYLES[i % len(_STYLES)]}
                axes.plot(curves[0], visible, label=f"{steps} steps", **style)
            axes.axvline(1, color=INK, lw=0.9, ls=":")
            logarithmic(axes)
            axes.set_ylim(bottom=1e-2)
            axes.set_xlabel("recurrent weight w_rec (w_x = 1)")
            axes.set_ylabel(label)
        legend(row[0], loc="upper left")
    return figure


def limits_figure(limits: Mapping[str, ByLength]) -> "Figure":
    """The largest stable rate by length and method, both axes logarithmic; 0 is left out."""
    with look():
        figure, ((axes,),) = new_figure(width=5.4, height=3.3)
        lengths = [n for values in limits.values() for n, _ in values]
        for method, values in limits.items():
            shown = [(n, limit if limit > 0 and np.isfinite(limit) else np.nan) for n, limit in values]
            axes.plot(*zip(*shown, strict=True), label=method, ms=5, **LOOKS[method])
        for rate, name in _RATES:
            axes.axhline(rate, color=INK, lw=0.9, ls=":")
            place = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "ha": "right"}
            axes.annotate(name, (1.0, rate), (0, 3), fontsize=7.5, color=INK, **place)
        logarithmic(axes)
        axes.set_xscale("log")
        _length_axis(axes, lengths)
        axes.set_ylabel("largest rate that comes closer")
        legend(axes, loc="lower left")
    return figure


def terms_figure(maps: Mapping[float, Floats]) -> "Figure":
    """Maps of terms (T, T), a panel for each w_rec: rows are the step n of the output, columns the step k <= n."""
    from matplotlib.colors import LogNorm

    largest = max(_SMALLEST_TERM * 10, *(float(each.max()) for each in maps.values()))
    norm = LogNorm(_SMALLEST_TERM, largest)
    with look():
        figure, (row,) = new_figure(len(maps), square=True, right=0.75)
        shown: Any = None
        for axes, (w_rec, terms) in zip(row, maps.items(), strict=True):
            steps = len(terms)
            visible = np.where(np.tril(np.ones_like(terms)) > 0, np.maximum(terms, _SMALLEST_TERM), np.nan)
            edges = (0.5, steps + 0.5)
            shown = axes.imshow(
                visible, norm=norm, cmap="cividis", extent=(*edges, *edges[::-1]), interpolation="nearest"
            )
            axes.set_title(f"w_rec = {w_rec:g}")
            axes.set_xlabel("step k")
            axes.grid(visible=False)
        row[0].set_ylabel("step n of the output")
        box, inches = row[-1].get_position(), figure.get_figwidth()
        scale = figure.add_axes((box.x1 + 0.12 / inches, box.y0, 0.1 / inches, box.height))
        figure.colorbar(shown, cax=scale, label="size of the term", extend="min")
    return figure


def _length_axis(axes: "Axes", lengths: Sequence[int]) -> None:
    """The lengths that were studied, on a logarithmic axis."""
    from matplotlib.ticker import NullLocator

    axes.set_xscale("log")
    ticks = sorted(set(lengths))
    axes.set_xticks(ticks, [str(n) for n in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("length of the sequences, steps")
