"""Figures of the lab ``poems``: learning curves, where in a poem the network is sure, units that stay equal.

No Chinese character stands in them: the font that comes with Matplotlib has none.
"""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from handgrad.figures.curves import Curve, draw_curves
from handgrad.figures.style import BLUE, CYCLE, INK, VERMILLION, look, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def learning_figure(
    train: Sequence[float], test: Sequence[float], levels: Mapping[str, float], best: int | None = None
) -> "Figure":
    """Cross-entropy in nats, and perplexity, by epoch; ``levels``: cross-entropies of other models, as lines."""
    epochs = list(range(1, len(train) + 1))
    with look():
        figure, (row,) = new_figure(2, height=3.5, above=0.02)
        for axes, name, of in ((row[0], "cross-entropy [nats per token]", float), (row[1], "perplexity", math.exp)):
            curves = [
                Curve("training poems", epochs, [of(v) for v in train], color=BLUE),
                Curve("test poems", epochs, [of(v) for v in test], color=VERMILLION),
            ]
            draw_curves(axes, curves, name, log=name == "perplexity")
            _levels(axes, {label: of(value) for label, value in levels.items()})
            _whole_epochs(axes, len(epochs))
            if best is not None and best != len(epochs):
                axes.axvline(best, color=INK, lw=0.8, ls=":", label=f"best: epoch {best}")
        _plain_ticks(row[1], [*train, *test, *levels.values()])
        _legend_above(figure, row[0], columns=5)
    return figure


def _legend_above(figure: "Figure", axes: "Axes", columns: int) -> None:
    """The legend of ``axes`` over the whole width, above everything."""
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper center", ncols=columns, columnspacing=1.2, handlelength=1.4)


def _levels(axes: "Axes", levels: Mapping[str, float]) -> None:
    for (label, value), style in zip(levels.items(), ("--", "-."), strict=False):
        axes.axhline(value, color=INK, lw=0.9, ls=style, label=label)


def _whole_epochs(axes: "Axes", count: int) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if count == 1:
        axes.set_xlim(0.5, 1.5)
        axes.set_xticks([1])


def _plain_ticks(axes: "Axes", nats: Sequence[float]) -> None:
    """On a logarithmic axis of perplexities: 50, 100, 200, ... where the data are."""
    low, high = math.exp(min(nats)), math.exp(min(max(nats), 30))
    for steps in ((1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8)):
        ticks = [m * 10**k for k in range(7) for m in steps if 0.7 * low < m * 10**k < 1.4 * high]
        if sum(low < tick < high for tick in ticks) > 1:
            break
    axes.set_yticks(ticks, [f"{tick:,.0f}" for tick in ticks])


def places_figure(nats: Sequence[float], line_length: int, level: float | None = None) -> "Figure":
    """Cross-entropy at each place of a poem of lines of ``line_length`` characters, end tag last; left of it, the mean
    over the lines."""
    width = line_length + 1
    lines = (len(nats) - 1) // width
    means = [sum(nats[column : lines * width : width]) / lines for column in range(width)]
    names = [*map(str, range(1, width)), "mark"]
    with look():
        figure, (row,) = new_figure(2, height=3.4, above=0.26)
        row[0].bar(range(width), means, color=BLUE, width=0.7)
        row[0].set_xticks(range(width), names)
        row[0].set_xlabel("place in the line")
        row[0].set_ylabel("cross-entropy [nats]")
        row[0].set_title("Mean over the lines")
        row[0].grid(axis="x", visible=False)
        row[1].plot(range(1, len(nats) + 1), nats, color=BLUE, lw=1.1)
        marks = [(line + 1) * width for line in range(lines)]
        row[1].plot(marks, [nats[mark - 1] for mark in marks], "o", color=VERMILLION, ms=3.5, label="mark")
        row[1].set_xlabel("place in the poem")
        row[1].set_ylabel("cross-entropy [nats]")
        row[1].set_title("Along the poem")
        row[1].set_xticks([0, *marks])
        for axes in row:
            axes.set_ylim(bottom=0)
            if level is not None:
                axes.axhline(level, color=INK, lw=0.9, ls="--", label="frequency of characters")
        _legend_above(figure, row[1], columns=2)
    return figure


def comparison_figure(curves: Mapping[str, Sequence[float]], levels: Mapping[str, float]) -> "Figure":
    """Test cross-entropy by epoch of several trainings, and perplexity on a logarithmic axis. A training whose name
    goes on behind a comma has the colour of the one before the comma, as a broken line."""
    colors = dict(zip((label for label in curves if "," not in label), CYCLE * 3, strict=False))
    from matplotlib.ticker import NullFormatter

    with look():
        figure, (row,) = new_figure(2, height=3.9, above=0.36)
        for axes, name, of in ((row[0], "test cross-entropy [nats]", float), (row[1], "test perplexity", math.exp)):
            for label, values in curves.items():
                base, comma, _ = label.partition(",")
                curve = [of(min(value, 30.0)) for value in values]
                style: dict[str, Any] = {"ls": "--", "lw": 1.2} if comma and base in colors else {}
                style["color"] = colors.get(label, colors.get(base))
                style["marker"] = "o" if len(curve) == 1 else None
                axes.plot(range(1, len(curve) + 1), curve, label=label, **style)
            axes.set_xlabel("epoch")
            axes.set_ylabel(name)
            if of is math.exp:
                axes.set_yscale("log")
                axes.yaxis.set_minor_formatter(NullFormatter())
            _levels(axes, {label: of(value) for label, value in levels.items()})
            _whole_epochs(axes, max(map(len, curves.values())))
        everything = [min(v, 30.0) for values in curves.values() for v in values]
        _plain_ticks(row[1], [*everything, *levels.values()])
        _legend_above(figure, row[0], columns=4)
    return figure


def units_figure(distinct: Mapping[str, Sequence[float]], rank: Mapping[str, Sequence[float]], units: int) -> "Figure":
    """Distinct hidden units, and rank of the hidden states, by epoch; epoch 0 is before training."""
    with look():
        figure, (row,) = new_figure(2, height=3.4, above=0.02)
        panels = (("distinct hidden units", distinct), ("effective rank of the hidden states", rank))
        for axes, (name, values) in zip(row, panels, strict=True):
            for i, (label, each) in enumerate(values.items()):  # lines that lie on each other are both seen
                width = max(1.2, 5.0 - 0.9 * i)
                axes.plot(range(len(each)), each, color=CYCLE[i % len(CYCLE)], label=label, marker="o", ms=3, lw=width)
            axes.set_xlabel("epoch")
            axes.set_ylabel(name)
            axes.set_yscale("symlog", linthresh=1)
            ticks = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
            shown = [tick for tick in ticks if tick <= 1.2 * units]
            axes.set_yticks(shown, [str(tick) for tick in shown])
            axes.set_ylim(-0.2, 1.3 * units)
            _whole_epochs(axes, 2)
        _legend_above(figure, row[1], columns=5)
    return figure
