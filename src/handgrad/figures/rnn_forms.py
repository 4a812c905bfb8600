"""What the four forms of a recurrent layer's gradient cost against the number of steps."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from handgrad.figures.style import legend, logarithmic, look, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from handgrad.benchmarks.rnn_forms import Cost

_LOOKS = (("o", "-"), ("s", "--"), ("^", "-"), ("D", "-"))  # two of the forms need the same memory


def costs_figure(costs: "Sequence[Cost]") -> "Figure":
    """Time and memory of each form over the steps T, both axes logarithmic: a straight line is a power of T."""
    with look():
        figure, (row,) = new_figure(2, height=3.4)
        for axes, what, label in zip(row, ("ms", "kib"), ("time (ms)", "memory (KiB)"), strict=True):
            forms = dict.fromkeys(cost.form for cost in costs)
            for form, (marker, line) in zip(forms, _LOOKS, strict=False):
                chosen = [cost for cost in costs if cost.form == form]
                values = [getattr(cost, what) for cost in chosen]
                axes.plot([cost.steps for cost in chosen], values, marker=marker, ls=line, ms=4, label=form)
            logarithmic(axes)
            steps = sorted({cost.steps for cost in costs})
            axes.set_xscale("log", base=2)
            axes.set_xticks(steps, [str(n) for n in steps])
            axes.set_xlabel("steps T")
            axes.set_ylabel(label)
        row[0].set_title("Time of one gradient")
        row[1].set_title("Memory at its peak")
        legend(row[0])
    return figure
