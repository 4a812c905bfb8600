"""The look of every figure: sizes in inches, colours everybody can tell apart, text as paths, the same bytes twice.

Colours: Okabe and Ito (2008), Color universal design. Every figure uses ``INK``, ``PAPER`` and ``RULE`` for text,
background and grid and ``CYCLE`` for data, so that the report can put its own colours, light or dark, in their place.
"""

import io
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from handgrad.errors import out_of_range

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, PAPER, RULE = "#1b2530", "#ffffff", "#d5dbe1"
BLUE, VERMILLION, GREEN, ORANGE = "#0072b2", "#d55e00", "#009e73", "#e69f00"
PURPLE, SKY, BLACK, YELLOW = "#cc79a7", "#56b4e9", "#000000", "#f0e442"
CYCLE = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY)
"""Data colours in the order in which curves take them."""

CLASS_COLORS, CLASS_MARKERS = (BLUE, VERMILLION), ("o", "s")
"""Of class 0 and class 1: told apart by shape too."""

WIDTH = 7.2  # inches, the text width of the report
_LEFT, _RIGHT, _TOP, _BOTTOM = 0.72, 0.16, 0.42, 0.56  # inches around the axes
_GAP_X, _GAP_Y = 0.76, 0.92  # inches between the axes
_LEAST_PLAIN, _LARGEST_PLAIN = 1e-5, 1e6  # of a logarithmic axis with plain numbers
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_SALT = "handgrad"  # the names of clip paths follow from it: the same figure gives the same bytes


def _settings() -> dict[str, Any]:
    from cycler import cycler

    return {
        "font.family": ["DejaVu Sans"],  # comes with Matplotlib
        "font.size": 9.0,
        "mathtext.fontset": "dejavusans",
        "text.color": INK,
        "figure.facecolor": PAPER,
        "figure.dpi": 100.0,
        "savefig.facecolor": "auto",
        "savefig.bbox": None,
        "axes.facecolor": "none",
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "axes.linewidth": 0.8,
        "axes.titlesize": 9.5,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.titlepad": 7.0,
        "axes.labelsize": 9.0,
        "axes.labelpad": 4.0,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.grid": True,
        "axes.prop_cycle": cycler(color=CYCLE),
        "axes.unicode_minus": True,
        "axes.formatter.useoffset": False,
        "grid.color": RULE,
        "grid.linewidth": 0.6,
        "lines.linewidth": 1.7,
        "lines.solid_capstyle": "round",
        "xtick.color": INK,
        "ytick.color": INK,
        "xtick.labelsize": 8.0,
        "ytick.labelsize": 8.0,
        "xtick.major.size": 3.0,
        "ytick.major.size": 3.0,
        "xtick.minor.size": 0.0,
        "ytick.minor.size": 0.0,
        "legend.frameon": False,
        "legend.fontsize": 8.0,
        "legend.borderaxespad": 0.3,
        "legend.handlelength": 1.6,
        "image.interpolation": "bilinear",
        "svg.fonttype": "path",  # looks the same where the font is missing
        "svg.hashsalt": _SALT,
        "path.simplify": True,
        "path.simplify_threshold": 0.4,
    }


@contextmanager
def look() -> Iterator[None]:
    """Within this, whatever Matplotlib makes has the look of handgrad, whatever the user's own settings are."""
    import matplotlib

    with matplotlib.rc_context(_all_settings()):
        yield


@cache
def _all_settings() -> Any:
    """Matplotlib's defaults under ours; but for the backends, at whose sight Matplotlib loads pyplot."""
    import matplotlib

    defaults = {key: value for key, value in matplotlib.rcParamsDefault.items() if not key.startswith("backend")}
    return defaults | _settings()


def new_figure(
    columns: int = 1,
    rows: int = 1,
    *,
    width: float = WIDTH,
    height: float = 3.0,
    square: bool = False,
    right: float = 0.0,
    above: float = 0.0,
) -> "tuple[Figure, np.ndarray[Any, np.dtype[Any]]]":
    """A figure of ``width`` x ``height`` inches and its axes, an array (rows, columns). Call it within ``look()``.

    ``square``: the axes are square and ``height`` follows from ``width``. ``right``, ``above``: further inches to the
    right of the axes, for a colour scale, and above them, for a legend. Raises UsageError where the axes
    would have no room.
    """
    from matplotlib.figure import Figure

    inner = width - _LEFT - _RIGHT - right - (columns - 1) * _GAP_X
    side = inner / columns
    if square:
        height = rows * side + (rows - 1) * _GAP_Y + _TOP + above + _BOTTOM
    each = (height - _TOP - above - _BOTTOM - (rows - 1) * _GAP_Y) / rows
    if side <= 0 or each <= 0:
        raise out_of_range(
            "the size of a figure", f"{width:g} x {height:g} inches", f"room for {rows} x {columns} axes"
        )
    figure = Figure(figsize=(width, height))
    axes = figure.subplots(
        rows,
        columns,
        squeeze=False,
        gridspec_kw={
            "left": _LEFT / width,
            "right": 1 - (_RIGHT + right) / width,
            "bottom": _BOTTOM / height,
            "top": 1 - (_TOP + above) / height,
            "wspace": _GAP_X / side,
            "hspace": _GAP_Y / each,
        },
    )
    return figure, axes


def spans_decades(values: "np.ndarray[Any, Any] | list[float]", decades: float = 1.5) -> bool:
    """Whether positive ``values`` reach over so many powers of ten that a logarithmic axis shows them better."""
    array = np.asarray(values, dtype=np.float64)
    array = array[np.isfinite(array)]
    return bool(array.size and array.min() > 0 and array.max() / array.min() >= 10**decades)


def logarithmic(axes: "Axes") -> None:
    """Make the vertical axis logarithmic, with plain numbers, 0.01, 0.1, 1, or with powers of ten where some of them
    would get long."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    def label(value: float, place: int | None) -> str:
        low, high = sorted(axes.get_ylim())
        return f"{value:g}" if low >= _LEAST_PLAIN and high < _LARGEST_PLAIN else power_of_ten(value, place)

    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(label))
    axes.yaxis.set_minor_formatter(NullFormatter())


def power_of_ten(value: float, place: int | None = None) -> str:
    """10⁻³ for 0.001, and "" for a number that is no whole power of ten: a formatter of Matplotlib's for logarithmic
    scales. Its own sets the powers with mathtext, whose parser takes as long as a whole figure."""
    exponent = math.log10(value) if value > 0 else math.nan
    whole = math.isfinite(exponent) and abs(exponent - round(exponent)) < 1e-9
    return "10" + str(round(exponent)).translate(_RAISED) if whole else ""


def legend(axes: "Axes", **options: Any) -> None:
    """The legend of the curves in ``axes``, where the fewest of them are; none where nothing has a label."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(**{"loc": "best", **options})


def to_svg(figure: "Figure") -> bytes:
    """The figure as SVG in UTF-8: text as paths, no date, and the same bytes for the same figure."""
    buffer = io.BytesIO()
    with look(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # of a name that a file gave
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()
