"""Pictures of the studies of the lab ``adder``."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from handgrad.figures.style import BLUE, CYCLE, INK, VERMILLION, legend, logarithmic, look, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LOOKS = (("o", "-"), ("s", "--"), ("^", "-."))
_SPREAD = 0.09  # of a step of the axis between the marks of two seeds


def carried_figure(shares: "Mapping[int, Sequence[tuple[float, float]]]", tried: int) -> "Figure":
    """Shares of right sums of ``tried`` bits by the length learned from: for every seed those of random sums and of
    sums with one carry all the way."""
    with look():
        figure, ((axes,),) = new_figure(width=5.6, height=3.2, above=-0.2)
        for k, (label, color, marker) in enumerate(
            (("random sums", BLUE, "o"), ("one carry all the way", VERMILLION, "s"))
        ):
            first = True
            for place, seeds in enumerate(shares.values()):
                offset = _SPREAD * (np.arange(len(seeds)) - (len(seeds) - 1) / 2) + (0.22 * (2 * k - 1))
                values = [100 * pair[k] for pair in seeds]
                axes.plot(
                    place + offset, values, ls="none", marker=marker, ms=5, mfc="none", mew=1.3, color=color,
                    label=label if first else None,
                )  # fmt: skip
                first = False
        axes.set_xticks(range(len(shares)), [str(bits) for bits in shares])
        axes.set_ylim(-4, 106)
        axes.set_xlabel("bits of the sums learned from")
        axes.set_ylabel(f"sums of {tried} bits exactly right [%]")
        axes.grid(visible=False, axis="x")
        legend(axes, loc="center right")
    return figure


def clipping_figure(
    accuracies: "Mapping[str, Sequence[tuple[float, float]]]", largest: "Mapping[str, Sequence[float]]", bound: float
) -> "Figure":
    """Left, by name: rates and shares of right sums. Right, by the same names: a norm for every epoch, from 1."""
    names = list(accuracies)
    with look():
        figure, (row,) = new_figure(2, height=3.4)
        left, right = row
        for name, pairs in accuracies.items():
            rates, shares = zip(*pairs, strict=True) if pairs else ((), ())
            _draw(left, names.index(name), rates, [100 * share for share in shares], name)
        left.set_xscale("log")
        shown = sorted({rate for pairs in accuracies.values() for rate, _ in pairs})
        left.set_xticks(shown, [f"{rate:g}" for rate in shown])
        left.minorticks_off()
        left.set_ylim(-4, 106)
        left.set_xlabel("learning rate")
        left.set_ylabel("sums exactly right [%]")
        left.set_title("In the last epoch")
        for name, values in largest.items():
            _draw(right, names.index(name), range(1, len(values) + 1), values, name)
        right.axhline(bound, color=INK, lw=0.9, ls=":")
        logarithmic(right)
        right.set_xticks(range(1, 1 + max(len(values) for values in largest.values())))
        right.set_xlabel("epoch")
        right.set_ylabel("largest gradient norm")
        right.set_title("Gradients (dotted: bound)")
        legend(left, loc="center right")
    return figure


def _draw(axes: "Axes", k: int, x: "Sequence[float]", y: "Sequence[float]", name: str) -> None:
    marker, line = _LOOKS[k % len(_LOOKS)]
    axes.plot(x, y, color=CYCLE[k % len(CYCLE)], marker=marker, ls=line, ms=4.5, label=name)
