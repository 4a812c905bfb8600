"""Learning curves."""

import numpy as np
import pytest

from handgrad.figures.curves import Curve, as_percent, history_figure, overlay_figure
from handgrad.training.history import Epoch, History


def history(n=7, validation=False):
    return History([Epoch(i, 10.0**-i, 0.1, 0.1 * i, 2.0 * 10**-i if validation else None) for i in range(1, n + 1)])


def test_history_shows_the_loss_of_every_epoch():
    (axes,) = history_figure(history()).axes
    (line,) = axes.lines
    np.testing.assert_array_equal(line.get_xdata(), range(1, 8))
    np.testing.assert_allclose(line.get_ydata(), [10.0**-i for i in range(1, 8)])
    assert axes.get_yscale() == "log"
    assert axes.get_xlabel() == "epoch"
    assert axes.get_ylabel().startswith("loss")
    assert axes.get_legend() is None


def test_history_shows_validation_and_the_best_epoch():
    run = history(validation=True)
    run.best_epoch = 3
    (axes,) = history_figure(run).axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["training", "validation", "best: epoch 3"]
    np.testing.assert_allclose(axes.lines[1].get_ydata(), run["validation_loss"])


def test_history_plot_writes_a_file(tmp_path):
    path = tmp_path / "curve.svg"
    history().plot(path)
    assert path.read_bytes().startswith(b"<?xml")


@pytest.mark.parametrize("n", [0, 1])
def test_a_history_of_no_or_one_epoch_can_be_drawn(n):
    history_figure(history(n))


def test_overlay_has_a_panel_for_each_quantity():
    ours, published = Curve("ours", [0, 5], [3.0, 2.0]), Curve("published", [0], [2.5], marker="o")
    figure = overlay_figure(
        {"loss": [ours, published], "accuracy [%]": [Curve("ours", [0, 5], as_percent([0.5, 0.9]))]}
    )
    left, right = figure.axes
    assert (left.get_ylabel(), right.get_ylabel()) == ("loss", "accuracy [%]")
    assert left.get_yscale() == "linear"
    assert left.get_ylim()[0] == 0
    np.testing.assert_allclose(right.lines[0].get_ydata(), [50, 90])
    assert left.lines[1].get_linestyle() == "None"


def test_more_curves_than_colours_can_be_drawn():
    curves = [Curve(str(i), [0, 1], [i, i + 1]) for i in range(14)]
    (axes,) = overlay_figure({"loss": curves}).axes
    assert len(axes.lines) == 14
