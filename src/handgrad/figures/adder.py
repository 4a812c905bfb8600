"""Pictures of the lab ``adder``: one addition unrolled, the units that hold the carry, and sums of any length."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from handgrad.figures.curves import Curve, as_percent, draw_curves
from handgrad.figures.digits import signed_colors
from handgrad.figures.style import BLUE, INK, PAPER, RULE, VERMILLION, legend, look, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = np.ndarray[Any, np.dtype[Any]]

MOST_UNITS = 32  # rows of a heat map
_LINES = ("-", "--", "-.")
_LARGE = 10**9  # numbers that the margin has no room for
_NEAR = 1.35  # ticks whose ratio is smaller would stand in each other
_WORDS = 20  # steps up to which a cell has room for its number
_CELL = 0.21  # inches, height of a row
_LEFT, _RIGHT, _TOP, _BOTTOM, _GAP = 1.3, 0.85, 0.34, 0.52, 0.1  # inches


class Addition(Protocol):
    """One sum, step by step: states ``h`` (H, N), probabilities ``p`` (N,) of a 1, bits ``said`` (N,)."""

    @property
    def a(self) -> int: ...
    @property
    def b(self) -> int: ...
    @property
    def sums(self) -> Any: ...
    @property
    def h(self) -> Floats: ...
    @property
    def p(self) -> Floats: ...
    @property
    def said(self) -> Floats: ...


class Length(Protocol):
    """Shares of right sums of ``bits`` bits, and the least ``margins`` (bits,)."""

    @property
    def bits(self) -> int: ...
    @property
    def random(self) -> float: ...
    @property
    def chains(self) -> float: ...
    @property
    def margins(self) -> Floats: ...


class Epoch(Protocol):
    """Shares of wrong bits (``error``) and of right sums (``accuracy``) in one epoch."""

    @property
    def epoch(self) -> int: ...
    @property
    def error(self) -> float: ...
    @property
    def accuracy(self) -> float: ...


def learning_figure(
    lines: "Mapping[str, Sequence[Epoch]]", points: "Mapping[str, Sequence[Epoch]] | None" = None, title: str = ""
) -> "Figure":
    """Wrong bits and right sums by epoch, of trainings by name as lines, and as ``points``. ``title``: the legend's."""
    named = [(name, rows, "") for name, rows in lines.items()]
    named += [(name, rows, "o") for name, rows in (points or {}).items() if rows]
    with look():
        figure, (row,) = new_figure(2, height=3.2, above=-0.24)
        for axes, quantity, label in zip(
            row, ("error", "accuracy"), ("wrong bits [%]", "sums exactly right [%]"), strict=True
        ):
            curves = [
                Curve(name, [r.epoch for r in rows], as_percent([getattr(r, quantity) for r in rows]), marker)
                for name, rows, marker in named
            ]
            draw_curves(axes, curves, label, log=False)
            for line, style in zip(axes.get_lines()[: len(lines)], cycle(_LINES), strict=False):
                line.set_linestyle(style)
            _whole_epochs(axes)
        if len(named) > 1:
            legend(row[1], loc="lower right", title=title or None)
    return figure


def _whole_epochs(axes: "Axes") -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def addition_figure(addition: Addition, correlations: Floats) -> "Figure":
    """From top to bottom, a column for each step, the lowest bit first: the bits that go in, with the carry that comes
    along; the states of the hidden units, ordered by ``correlations`` (H,) with the carry; the carry that they have to
    hold, the probability of a 1, and the network's bits. A wrong bit has a frame."""
    from matplotlib.figure import Figure

    order = np.argsort(-correlations, kind="stable")
    if len(order) > MOST_UNITS:
        order = np.concatenate([order[: MOST_UNITS // 2], order[-MOST_UNITS // 2 :]])
    t, carry = addition.sums.t[0], addition.sums.carry[0]
    x = addition.sums.x[0].T
    names = [f"{name} = {n}" if n < _LARGE else name for name, n in (("a", addition.a), ("b", addition.b))]
    upper = [(names[0], x[0]), (names[1], x[1]), ("carry in", np.append(0, carry[:-1]))]
    lower = [("carry out", carry), ("probability of a 1", addition.p), ("network's bit", addition.said)]
    rows = [len(upper), len(order), len(lower)]
    height = _TOP + _BOTTOM + 2 * _GAP + _CELL * sum(rows)
    steps = len(t)
    width = _LEFT + _RIGHT + min(5.0, max(3.2, 0.42 * steps))
    with look():
        figure = Figure(figsize=(width, height))
        top, boxes = height - _TOP, []
        for count in rows:
            bottom = top - count * _CELL
            across = (width - _LEFT - _RIGHT) / width
            boxes.append((_LEFT / width, bottom / height, across, count * _CELL / height))
            top = bottom - _GAP
        first, middle, last = (figure.add_axes(box) for box in boxes)
        _cells(first, upper, steps)
        first.set_title("what goes in, and the carry from the step before", fontsize=8, fontweight="normal")
        middle.imshow(signed_colors(addition.h[order], 1.0), aspect="auto", interpolation="none")
        _ticks(middle, [f"unit {k + 1}" for k in order])
        _cells(last, lower, steps)
        _frame_wrong(last, np.flatnonzero(addition.said != t), len(lower) - 1)
        last.set_xticks(
            range(0, steps, max(1, steps // 16)), [str(k + 1) for k in range(0, steps, max(1, steps // 16))]
        )
        last.tick_params(bottom=True, labelbottom=True, length=0)
        last.set_xlabel("step t (the lowest bit comes first)")
        _signed_scale(figure, middle)
    return figure


def _cells(axes: "Axes", rows: "Sequence[tuple[str, Floats]]", steps: int) -> None:
    """Rows of numbers from 0 to 1: the darker, the nearer to 1; with the number, where there is room."""
    values = np.array([row for _, row in rows], dtype=np.float64)
    rgba = signed_colors(-values, 1.0)  # the colour of one sign alone
    rgba[..., 3] *= 0.85
    axes.imshow(rgba, aspect="auto", interpolation="none")
    for i in range(len(rows)):
        for k in range(steps if steps <= _WORDS else 0):
            value = values[i, k]
            whole = value in (0, 1)
            text = f"{value:.0f}" if whole else f"{value:.2f}" if 0.005 <= value <= 0.995 else _near(value)
            color = PAPER if value > 0.55 else INK
            axes.text(k, i, text, ha="center", va="center", fontsize=8 if whole else 6.5, color=color)
    _ticks(axes, [name for name, _ in rows])


def _near(p: float) -> str:
    """A probability that is nearly 0 or 1, which it never is."""
    return "< .01" if p < 0.5 else "> .99"


def _ticks(axes: "Axes", names: "Sequence[str]") -> None:
    axes.grid(visible=False)
    axes.set_xticks([])
    axes.set_yticks(range(len(names)), list(names))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color(RULE)


def _frame_wrong(axes: "Axes", steps: "Floats", row: int) -> None:
    from matplotlib.patches import Rectangle

    for k in steps:
        axes.add_patch(Rectangle((k - 0.5, row - 0.5), 1, 1, fill=False, ec=VERMILLION, lw=2, zorder=5, clip_on=False))


def _signed_scale(figure: "Figure", beside: "Axes") -> None:
    """What the colours of states mean, to the right of ``beside``."""
    box, width = beside.get_position(), figure.get_figwidth()
    axes = figure.add_axes((box.x1 + 0.14 / width, box.y0, 0.12 / width, box.height))
    values = np.linspace(-1, 1, 129)[:, None]
    axes.imshow(signed_colors(values, 1.0), extent=(0, 1, -1, 1), origin="lower", aspect="auto")
    axes.grid(visible=False)
    axes.set_xticks([])
    axes.yaxis.tick_right()
    axes.yaxis.set_label_position("right")
    axes.set_yticks([-1, -0.5, 0, 0.5, 1])
    axes.set_ylabel("state h")
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color(RULE)


def carry_figure(carry: Floats, bit: Floats) -> "Figure":
    """Correlation of each unit's state, (H,) each, with the true carry (bars) and with the bit of the sum (squares), in
    the order of the first."""
    order = np.argsort(-carry, kind="stable")
    if len(order) > 2 * MOST_UNITS:
        order = np.concatenate([order[:MOST_UNITS], order[-MOST_UNITS:]])
    places = np.arange(len(order))
    with look():
        figure, ((axes,),) = new_figure(height=3.0, above=-0.2)
        axes.bar(places, carry[order], width=0.66, color=BLUE, label="with the carry")
        style: dict[str, Any] = {"ls": "none", "marker": "s", "ms": 5, "mfc": PAPER, "mew": 1.4, "color": VERMILLION}
        axes.plot(places, bit[order], label="with the bit of the sum", **style)
        axes.axhline(0, color=INK, lw=0.8)
        axes.set_ylim(-1.05, 1.05)
        every = max(1, len(order) // 24)
        axes.set_xticks(places[::every], [str(k + 1) for k in order[::every]])
        axes.set_xlim(-0.7, len(order) - 0.3)
        axes.set_xlabel("hidden unit")
        axes.set_ylabel("correlation r with the state")
        axes.grid(visible=False, axis="x")
        legend(axes, loc="upper right")
    return figure


def lengths_figure(lengths: "Sequence[Length]", trained: int) -> "Figure":
    """Left: share of right sums by their length. Right: the least margin by step, of the longest sums. Dotted: the
    length that the network was ``trained`` on."""
    longest = lengths[-1]
    with look():
        figure, (row,) = new_figure(2, height=3.2)
        left, right = row
        bits = [each.bits for each in lengths]
        for values, label, color, marker, line in (
            ([100 * each.random for each in lengths], "random sums", BLUE, "o", "-"),
            ([100 * each.chains for each in lengths], "one carry all the way", VERMILLION, "s", "--"),
        ):
            left.plot(bits, values, color=color, marker=marker, ms=6 if marker == "s" else 3.5, ls=line, mfc="none"
                      if marker == "s" else color, label=label)  # fmt: skip
        left.set_ylim(-4, 106)
        left.set_xscale("log")
        ticks = [n for n, behind in zip(bits, [*bits[1:], np.inf], strict=True) if behind > _NEAR * n]
        left.set_xticks(ticks, [str(n) for n in ticks])
        left.set_xlabel("bits of the sums")
        left.set_ylabel("sums exactly right [%]")
        left.set_title("Exactness by length")
        right.plot(
            np.arange(1, longest.bits + 1), longest.margins, color=BLUE, lw=1.0, label="least margin of all sums"
        )
        right.axhline(0, color=INK, lw=0.9, ls=(0, (5, 3)))
        right.set_xscale("log")
        shown = [n for n in (1, 10, 100, 1000) if n <= longest.bits]
        right.set_xticks(shown, [str(n) for n in shown])
        shown_margins = _finite(longest.margins)
        right.set_ylim(min(-0.5, shown_margins.min() - 0.5), max(0.5, shown_margins.max() + 0.5))
        right.set_xlabel("step t")
        right.set_ylabel("right logit minus the other")
        right.set_title(f"Margin in sums of {longest.bits} bits")
        for axes in row:
            axes.axvline(trained, color=INK, lw=0.9, ls=":", label=f"trained on {trained} bits")
            axes.minorticks_off()
        legend(left)
        legend(right)
    return figure


def _finite(values: Floats) -> Floats:
    """Those that a figure can show; a zero where there are none."""
    kept = values[np.isfinite(values)]
    return kept if kept.size else np.zeros(1)
