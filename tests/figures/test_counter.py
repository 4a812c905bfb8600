"""Pictures of the lab ``counter``."""

import numpy as np
import pytest

from handgrad.data.counting import random_sequences
from handgrad.figures.counter import LOOKS, Landscape, counts_figure, learning_figure, paths_figure
from handgrad.figures.counter_studies import cliff_figure, limits_figure, outcomes_figure, terms_figure
from handgrad.figures.style import to_svg

METHODS = tuple(LOOKS)


def labelled(figure):
    """Every axes that is seen has a name on both axes, or shares the one to its left."""
    return all(axes.get_xlabel() or axes.get_ylabel() for axes in figure.axes if axes.get_visible())


def test_methods_are_told_apart_without_colour():
    assert len({(look["ls"], look["marker"]) for look in LOOKS.values()}) == len(LOOKS) == 3


def test_counts_show_four_sequences_at_most():
    x, t = random_sequences(9, 6, 0)
    figure = counts_figure(x, t, t + 0.1)
    assert len(figure.axes) == 4
    lines = figure.axes[1].get_lines()
    np.testing.assert_allclose(lines[0].get_ydata(), t[:, 1])
    np.testing.assert_allclose(lines[1].get_ydata(), t[:, 1] + 0.1)
    assert lines[2].get_xdata().tolist() == (np.flatnonzero(x[:, 1]) + 1).tolist()
    assert labelled(figure)
    assert len(counts_figure(x[:1, :1], t[:1, :1], t[:1, :1]).axes) == 1


@pytest.mark.parametrize("length", [1, 2, 300])
def test_learning_shows_loss_and_angles(length):
    loss = {name: np.geomspace(10, 1e-40, length) for name in METHODS}
    angles = {name: np.where(np.arange(length) % 2, np.nan, 30.0) for name in METHODS[1:]}
    figure = learning_figure(loss, angles)
    left, right = figure.axes
    assert left.get_yscale() == "log"
    assert len(right.get_lines()) == 3  # two methods, and the line at 90 degrees
    assert np.nanmin(left.get_lines()[0].get_ydata()) > 1e-28
    assert to_svg(figure) == to_svg(figure)


def test_learning_without_a_finite_loss_is_drawn_too():
    nothing = np.full(4, np.nan)
    assert to_svg(learning_figure({"exact": nothing}, {"published-1": nothing}))


@pytest.mark.parametrize("panels", [1, 2, 3, 4])
def test_paths_begin_and_end_where_they_do_and_stay_within_the_frame(panels):
    w_rec, w_x = np.linspace(-0.5, 1.5, 9), np.linspace(-1, 2, 7)
    loss = np.add.outer((w_x - 1) ** 2, (w_rec - 1) ** 2)
    loss[-1, -1] = 1e300
    path = np.array([[0.2, 0.3], [0.9, 1.1], [40.0, -7.0]])
    figure = paths_figure([Landscape(f"panel {i}", w_rec, w_x, loss, {"exact": path}) for i in range(panels)])
    shown = [axes for axes in figure.axes if axes.get_visible() and axes.get_xlabel()]
    assert len(shown) == panels
    lines = [line.get_xydata() for line in shown[0].get_lines() if len(line.get_xydata()) == 3]
    assert lines[0].tolist() == [[0.2, 0.3], [0.9, 1.1], [1.5, -1.0]]
    assert to_svg(figure)


def test_the_pictures_of_the_study_have_what_they_were_given():
    shares = {("published", "exact"): [(5, 75.0), (10, 5.0)], ("robust", "exact"): [(5, 100.0), (10, 100.0)]}
    figure = outcomes_figure(shares)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["setting published", "setting robust"]
    assert figure.axes[0].get_lines()[0].get_ydata().tolist() == [75, 5]
    w = np.linspace(0, 2, 5)
    cliff = cliff_figure({5: (w, w**2, -w), 10: (w, np.full(5, np.inf), w)})
    assert cliff.axes[1].get_lines()[0].get_ydata()[1:].tolist() == w[1:].tolist()
    limits = limits_figure({"exact": [(5, 1e-2), (10, 1e-4)], "published-1": [(5, 0.0), (10, float("inf"))]})
    assert np.isnan(limits.axes[0].get_lines()[1].get_ydata()).all()
    terms = terms_figure({0.5: np.tril(np.ones((4, 4))), 1.5: np.full((4, 4), 1e6)})
    upper = terms.axes[0].images[0].get_array()[np.triu_indices(4, 1)]
    assert np.isnan(np.ma.filled(upper.astype(float), np.nan)).all()
    for each in (figure, cliff, limits, terms):
        assert labelled(each)
        assert to_svg(each)
