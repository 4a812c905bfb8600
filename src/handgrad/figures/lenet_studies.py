"""Trainings of several kinds beside each other."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from handgrad.errors import InputError
from handgrad.figures.style import CYCLE, INK, legend, logarithmic, look, new_figure, spans_decades

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LONGEST_NAME = 20


def comparison_figure(
    curves: Mapping[str, Sequence[float]], ends: Mapping[str, Sequence[float]], title: str
) -> "Figure":
    """Left: ``curves``, test error [%] by epoch; right: ``ends``, the test accuracy [%] of each training; both by name.

    Raises InputError where there is nothing to show.
    """
    if not ends:
        raise InputError("there are 0 kinds to compare, expected at least 1")
    from matplotlib.ticker import MaxNLocator

    with look():
        figure, ((left, right),) = new_figure(2, height=3.4)
        everything = [value for values in curves.values() for value in values]
        for k, (name, values) in enumerate(curves.items()):
            style = {"marker": "o", "ms": 3.5} if len(values) < 8 else {}
            left.plot(np.arange(1, len(values) + 1), values, color=CYCLE[k % len(CYCLE)], label=_short(name), **style)
        if spans_decades(everything, 1.0):
            logarithmic(left)
        else:
            left.set_ylim(bottom=0)
        left.xaxis.set_major_locator(MaxNLocator(integer=True))
        left.set_xlabel("epoch")
        left.set_ylabel("test error [%]")
        left.set_title(title)
        legend(left)
        for k, values in enumerate(ends.values()):
            right.plot([k] * len(values), values, "o", color=CYCLE[k % len(CYCLE)], ms=5, mfc="none", mew=1.3)
            right.plot([k - 0.22, k + 0.22], [np.mean(values)] * 2, color=INK, lw=1.4)
        right.set_xticks(range(len(ends)), [_short(name).replace(", ", ",\n") for name in ends])
        right.set_xlim(-0.6, len(ends) - 0.4)
        right.set_ylabel("test accuracy in the end [%]")
        right.grid(visible=False, axis="x")
    return figure


def _short(name: str) -> str:
    short = name if len(name) <= _LONGEST_NAME else f"…{name[-_LONGEST_NAME:]}"
    return short.replace("$", r"\$")
