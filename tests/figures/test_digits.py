"""Digits that were read wrong, and the weights of hidden units as images."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from handgrad.errors import InputError
from handgrad.figures.digits import Mistake, mistakes_figure, weights_figure
from handgrad.figures.style import BLUE, VERMILLION, to_svg

RNG = np.random.default_rng(0)


def mistakes(n):
    return [Mistake(RNG.random((5, 3)), str(k % 7), str(k % 3), 0.5 + k / 100) for k in range(n)]


def test_each_mistake_is_shown_with_what_it_is_what_was_said_and_how_surely():
    shown = mistakes(11)
    figure = mistakes_figure(shown)
    assert len(figure.axes) == 11
    for axes, mistake in zip(figure.axes, shown, strict=True):
        np.testing.assert_array_equal(axes.images[0].get_array(), mistake.image)
        assert axes.images[0].get_clim() == (0, 1)
        said = f"{mistake.true} → {mistake.said}\n{100 * mistake.probability:.1f} %"
        assert axes.get_title() == said
    first, ninth = figure.axes[0].get_position(), figure.axes[8].get_position()
    assert ninth.x0 == pytest.approx(first.x0)
    assert ninth.y1 < first.y0
    assert all(axes.get_position().y0 >= 0 and axes.get_position().y1 <= 1 for axes in figure.axes)
    assert to_svg(figure).startswith(b"<?xml")


@pytest.mark.parametrize(("probability", "text"), [(0.99951, "> 99.9 %"), (0.9994, "99.9 %"), (0.1, "10.0 %")])
def test_a_probability_that_is_not_one_is_not_called_100_percent(probability, text):
    (axes,) = mistakes_figure([Mistake(RNG.random((8, 8)), "a$b", "c", probability)]).axes
    assert axes.get_title().splitlines() == [r"a\$b → c", text]


def test_no_mistakes_are_no_figure():
    with pytest.raises(InputError, match="there are 0 mistakes to show"):
        mistakes_figure([])


def test_weights_are_images_of_one_scale_clear_at_zero():
    W = np.zeros((2, 15))
    W[0, 1], W[1, 14] = 2.0, -1.0  # unit 0: row 0, column 1; unit 1: the last pixel
    picture, scale = weights_figure(W, (5, 3)).axes
    rgba = picture.images[0].get_array()
    assert rgba.shape == (5, 7, 4)  # two images side by side, and a line between them
    limit = scale.get_ylim()[1]
    assert scale.get_ylim()[0] == -limit  # symmetric
    np.testing.assert_allclose(rgba[0, 1, :3], to_rgb(VERMILLION))
    np.testing.assert_allclose(rgba[4, 6, :3], to_rgb(BLUE))
    assert rgba[0, 1, 3] == 1.0
    assert rgba[4, 6, 3] == pytest.approx(1.0 / limit)
    between = rgba[:, 3]
    assert (between == between[0]).all()
    assert between[0, 3] > 0
    images = np.delete(rgba, 3, axis=1)
    assert (images[..., 3] > 0).sum() == 2  # the rest is clear


def test_of_very_many_units_the_strongest_are_shown():
    W = np.tile(np.array([[1e-9], [1.0]]), (150, 6))
    picture, _ = weights_figure(W, (2, 3)).axes
    assert picture.get_title(loc="left") == "128 of 300 hidden units, those with the largest weights"
    opacity = picture.images[0].get_array()[..., 3]
    assert (opacity == 1).sum() == 128 * 6


@pytest.mark.parametrize("units", [1, 3, 128])
def test_any_number_of_units_has_room(units):
    figure = weights_figure(RNG.normal(size=(units, 6)), (2, 3))
    assert figure.axes[0].get_title(loc="left") == f"{units} hidden unit{'s' if units > 1 else ''}"
    width, height = figure.get_size_inches()
    assert width <= 7.2
    assert height < 5
    assert to_svg(figure).startswith(b"<?xml")


@pytest.mark.parametrize("shape", [(3, 7), (0, 6), (6,)])
def test_weights_that_are_no_images_are_refused(shape):
    with pytest.raises(InputError, match="an image of 2 x 3 for every unit"):
        weights_figure(np.zeros(shape), (2, 3))
