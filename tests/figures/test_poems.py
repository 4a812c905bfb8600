"""Figures of the lab poems."""

import math
import warnings

import numpy as np
import pytest

from handgrad.figures.poems import comparison_figure, learning_figure, places_figure, units_figure
from handgrad.figures.style import to_svg


def labels(axes):
    return axes.get_legend_handles_labels()[1]


@pytest.fixture(autouse=True)
def _no_glyph_is_missing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_learning_shows_both_parts_and_what_counting_gives():
    train, test = [6.0, 5.5, 5.2], [6.1, 5.7, 5.8]
    figure = learning_figure(train, test, {"frequency of characters": 6.4}, best=2)
    left, right = figure.axes
    assert labels(left) == ["training poems", "test poems", "frequency of characters", "best: epoch 2"]
    np.testing.assert_allclose(left.lines[1].get_ydata(), test)
    np.testing.assert_allclose(right.lines[1].get_ydata(), np.exp(test))
    np.testing.assert_allclose(right.lines[2].get_ydata(), math.exp(6.4))
    assert right.get_yscale() == "log"
    assert to_svg(figure) == to_svg(learning_figure(train, test, {"frequency of characters": 6.4}, best=2))
    assert labels(learning_figure(train, test, {}, best=3).axes[0]) == ["training poems", "test poems"]
    to_svg(learning_figure([6.0], [6.1], {}))


def test_places_are_means_over_the_lines():
    nats = [6, 5, 4, 3, 2, 0.5, 4, 3, 2, 1, 0, 0.1, 0.02]
    left, right = places_figure(nats, 5, level=6.4).axes
    np.testing.assert_allclose([bar.get_height() for bar in left.patches], [5, 4, 3, 2, 1, 0.3])
    assert [tick.get_text() for tick in left.get_xticklabels()] == ["1", "2", "3", "4", "5", "mark"]
    np.testing.assert_allclose(right.lines[0].get_ydata(), nats)
    np.testing.assert_allclose(right.lines[1].get_xdata(), [6, 12])
    np.testing.assert_allclose(right.lines[1].get_ydata(), [0.5, 0.1])


def test_a_second_training_of_a_kind_is_a_broken_line_of_its_colour():
    curves = {"SGD": [6.0, 5.0], "AdaGrad": [6.1, 5.5], "AdaGrad, rate 0.01": [6.2, 900.0]}
    figure = comparison_figure(curves, {"frequency of characters": 6.4})
    left, right = figure.axes
    first, second = left.lines[1], left.lines[2]
    assert first.get_color() == second.get_color() != left.lines[0].get_color()
    assert (first.get_linestyle(), second.get_linestyle()) == ("-", "--")
    assert np.isfinite(right.lines[2].get_ydata()).all()
    to_svg(figure)


def test_units_from_zero_on():
    figure = units_figure({"zeros": [1, 1], "Xavier": [8, 8]}, {"zeros": [0, 0], "Xavier": [3.0, 4.5]}, 8)
    left, right = figure.axes
    np.testing.assert_allclose(left.lines[1].get_ydata(), [8, 8])
    np.testing.assert_allclose(right.lines[0].get_ydata(), [0, 0])
    np.testing.assert_allclose(right.lines[0].get_xdata(), [0, 1])
    assert left.get_ylim()[0] < 0
    to_svg(figure)
