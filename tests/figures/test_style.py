"""The look of the figures."""

import re

import matplotlib as mpl
import numpy as np
import pytest

from handgrad.errors import UsageError
from handgrad.figures import style


def drawn(**options):
    with style.look():
        figure, axes = style.new_figure(**options)
        axes[0, 0].plot([1, 2, 3], [0.01, 1, 10], label="a")
        style.logarithmic(axes[0, 0])
        style.legend(axes[0, 0])
    return figure


def test_the_same_figure_gives_the_same_bytes_and_no_date():
    first, second = style.to_svg(drawn()), style.to_svg(drawn())
    assert first == second
    assert b"date" not in first.lower()
    assert b"<text" not in first  # letters are paths


def test_the_users_own_settings_neither_reach_a_figure_nor_are_touched():
    ours = style.to_svg(drawn())
    with mpl.rc_context({"lines.linewidth": 9.0, "font.size": 30, "svg.hashsalt": "x", "axes.facecolor": "red"}):
        assert style.to_svg(drawn()) == ours
        assert mpl.rcParams["lines.linewidth"] == 9.0


def test_pyplot_is_not_loaded():
    import subprocess
    import sys

    code = (
        "import sys; from handgrad.figures import style\nwith style.look(): f, _ = style.new_figure()\n"
        "style.to_svg(f); assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(("columns", "rows"), [(1, 1), (3, 2)])
def test_square_axes_are_square_and_stay_on_the_paper(columns, rows):
    with style.look():
        figure, axes = style.new_figure(columns, rows, width=9.0, square=True, right=0.7, above=0.2)
    width, height = figure.get_size_inches()
    assert axes.shape == (rows, columns)
    boxes = [each.get_position() for each in axes.ravel()]
    for box in boxes:
        assert box.width * width == pytest.approx(box.height * height)
    assert max(box.x1 for box in boxes) * width == pytest.approx(9.0 - 0.7 - 0.16)
    assert min(box.y0 for box in boxes) > 0
    assert max(box.y1 for box in boxes) * height == pytest.approx(height - 0.42 - 0.2)


def test_a_figure_without_room_for_its_axes_is_refused():
    with style.look(), pytest.raises(UsageError, match="room for 1 x 12 axes"):
        style.new_figure(12)


def test_logarithmic_axes_have_plain_numbers():
    figure = drawn()
    figure.canvas.draw()
    labels = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert {"0.01", "0.1", "1", "10"} <= set(labels)


def test_a_logarithmic_axis_has_one_notation():
    figure = drawn()
    axes = figure.axes[0]
    axes.set_ylim(1e-28, 10)
    figure.canvas.draw()
    labels = [tick.get_text() for tick in axes.get_yticklabels()]
    assert len(labels) > 2
    assert all(label.startswith("10") and set(label[2:]) <= set("⁻⁰¹²³⁴⁵⁶⁷⁸⁹") and label[2:] for label in labels)


@pytest.mark.parametrize(
    ("value", "expected"), [(1e-12, "10⁻¹²"), (1, "10⁰"), (1000, "10³"), (2, ""), (0, ""), (-10, ""), (np.nan, "")]
)
def test_powers_of_ten(value, expected):
    assert style.power_of_ten(value) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1, 100], True), ([1, 10], False), ([0, 100], False), ([-1, 100], False), ([], False), ([1, np.nan, 100], True)],
)
def test_spans_decades(values, expected):
    assert style.spans_decades(values) is expected


def test_a_letter_that_the_font_does_not_have_is_no_warning():
    with style.look():
        figure, ((axes,),) = style.new_figure()
        axes.set_xlabel("身高")
    assert style.to_svg(figure).startswith(b"<?xml")


def test_the_colours_are_written_so_that_the_report_finds_them():
    svg = style.to_svg(drawn()).decode()
    assert {style.INK, style.PAPER, style.RULE, style.BLUE} <= set(re.findall(r"#[0-9a-f]{6}", svg))
