"""LeNet-5 in pictures: its links, its kernels, a digit's way there and back, and comparisons."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from handgrad.errors import InputError
from handgrad.figures.lenet import kernels_figure, links_figure
from handgrad.figures.lenet_maps import backward_figure, forward_figure
from handgrad.figures.lenet_studies import comparison_figure
from handgrad.figures.style import BLUE, VERMILLION, to_svg

RNG = np.random.default_rng(0)
SHAPES = {"input": (1, 32, 32), "C1": (6, 28, 28), "C3": (16, 10, 10), "C5": (120, 1, 1), "output": (10, 1, 1)}


def inside(figure):
    boxes = [axes.get_position() for axes in figure.axes]
    return all(box.x0 >= 0 and box.x1 <= 1 and box.y0 >= 0 and box.y1 <= 1 for box in boxes)


def test_a_filled_cell_is_a_link_and_they_are_counted():
    table = RNG.random((3, 5)) < 0.5
    figure = links_figure({"mine": table, "all": np.ones((2, 7), bool)})
    first, second = figure.axes
    filled = np.array([patch.get_facecolor()[3] > 0 for patch in first.patches]).reshape(3, 5)
    np.testing.assert_array_equal(filled, table)
    counts = [int(text.get_text()) for text in first.texts]
    assert counts == [*table.sum(axis=1), *table.sum(axis=0)]
    assert first.get_title(loc="left") == f"mine: {table.sum()} links"
    assert second.get_title(loc="left") == "all: 14 links"
    assert first.get_position().y0 > second.get_position().y1
    assert inside(figure)
    with pytest.raises(InputError, match="0 link tables"):
        links_figure({})


def test_kernels_stand_at_input_and_output_and_absent_ones_are_clear():
    kernels = np.zeros((2, 3, 4, 4))
    kernels[0, 1, 2, 3] = 1.0
    kernels[1, 2, 0, 0] = -0.5
    kernels[1, 0] = np.nan
    (axes,) = kernels_figure([("a layer", kernels)]).axes
    rgba = axes.images[0].get_array()
    assert rgba.shape == (9, 14, 4)
    np.testing.assert_allclose(rgba[2, 8, :3], to_rgb(VERMILLION))
    np.testing.assert_allclose(rgba[5, 10, :3], to_rgb(BLUE))
    assert np.count_nonzero(rgba[..., 3]) == 2
    assert len(axes.patches) == 5  # a frame around each kernel that is there


def test_many_kernels_are_wrapped():
    figure = kernels_figure([("C5", RNG.normal(size=(16, 120, 5, 5))), ("C1", RNG.normal(size=(1, 6, 5, 5)))])
    assert figure.axes[0].images[0].get_array().shape == (2 * 95 + 3, 60 * 6 - 1, 4)
    assert inside(figure)
    assert to_svg(figure).startswith(b"<?xml")
    with pytest.raises(InputError, match="the kernels of x"):
        kernels_figure([("x", np.zeros((3, 3)))])


def test_the_way_there_shows_every_layer_and_the_probabilities():
    stages = [(name, RNG.normal(size=shape)) for name, shape in SHAPES.items()]
    p = np.eye(10)[3]
    figure = forward_figure(stages, p, "A digit")
    *maps, bars = figure.axes
    shown = [axes.images[0].get_array().shape[:2] for axes in maps]
    assert shown == [(32, 32), (28, 6 * 28 + 5 * 2), (10, 16 * 10 + 15), (3, 40), (1, 10)]
    np.testing.assert_array_equal([bar.get_height() for bar in bars.patches], p)
    assert "C1\n6 × 28 × 28" in [text.get_text() for text in figure.texts]
    values, rgba = stages[2][1], maps[2].images[0].get_array()
    positive = (rgba[:, :, :3] == to_rgb(VERMILLION)).all(axis=2)
    np.testing.assert_array_equal(positive[:, 11:21], values[1] > 0)
    assert inside(figure)


def test_the_way_back_begins_at_the_output_and_tells_how_large_each_gradient_is():
    stages = list(SHAPES)
    gradients = {
        "right (3)": [1e-3 * RNG.normal(size=shape) for shape in SHAPES.values()],
        "wrong (5)": [np.zeros(shape) for shape in SHAPES.values()],
    }
    figure = backward_figure(stages, gradients, "Back")
    assert len(figure.axes) == 10
    texts = [text.get_text() for text in figure.texts]
    assert texts[0] == "Back"
    assert texts[1] == f"output\nright (3): {np.abs(gradients['right (3)'][-1]).max():.1e}"
    assert texts[2] == "wrong (5): 0.0e+00"
    assert figure.axes[1].images[0].get_array()[..., 3].max() == 0  # nothing where there is no gradient
    assert inside(figure)
    assert to_svg(figure) == to_svg(backward_figure(stages, gradients, "Back"))
    with pytest.raises(InputError, match="0 layers"):
        backward_figure([], {}, "")


def test_kinds_are_compared_by_epoch_and_in_the_end():
    figure = comparison_figure({"a": [5.0, 3.0], "b$": [4.0, 2.0]}, {"a": [97.0, 96.0], "b$": [98.0]}, "Links")
    left, right = figure.axes
    np.testing.assert_array_equal(left.lines[1].get_ydata(), [4.0, 2.0])
    np.testing.assert_array_equal(right.lines[0].get_ydata(), [97.0, 96.0])
    np.testing.assert_array_equal(right.lines[1].get_ydata(), [96.5, 96.5])
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["a", r"b\$"]
    assert to_svg(figure).startswith(b"<?xml")
    with pytest.raises(InputError, match="0 kinds"):
        comparison_figure({}, {}, "")
