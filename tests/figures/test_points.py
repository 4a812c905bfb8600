"""Points, and the plane as a classifier sees it."""

import numpy as np
import pytest

from handgrad.figures.points import boundary_figure, map_of, plane, prediction_figure
from handgrad.figures.style import to_svg

X = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0], [1.0, 2.0], [0.5, 1.0]])
T = np.array([0.0, 0.0, 1.0, 1.0, 1.0])
NAMES = {"features": ("x0", "x1"), "classes": ("0", "1")}


def above(x):
    """The likelier class is 1 above x1 = 1; steep."""
    return 1 / (1 + np.exp(-20 * (x[:, 1:] - 1)))


def test_the_plane_leaves_a_margin_around_the_points():
    left, right, lower, upper = plane(X)
    assert left < 0
    assert right > 1
    assert lower == pytest.approx(-0.08)
    assert upper == pytest.approx(2.08)


def test_a_feature_that_does_not_vary_has_a_plane():
    left, right, _, _ = plane(np.array([[3.0, 0.0], [3.0, 1.0]]))
    assert left < 3 < right


def test_wrong_points_have_a_ring():
    y = np.array([0.1, 0.9, 0.8, 0.7, 0.4])  # the second and the last are called wrong
    figure = prediction_figure([("training points", X, T, y), ("test points", X[:2], T[:2], T[:2])], **NAMES)
    truth, said, _, _ = figure.axes
    rings = said.collections[-1].get_offsets()
    np.testing.assert_array_equal(rings, X[[1, 4]])
    assert said.get_title(loc="left") == "prediction: 2 of 5 wrong"
    assert figure.axes[3].get_title(loc="left") == "prediction: all 2 right"
    np.testing.assert_array_equal(truth.collections[0].get_offsets(), X[T == 0])
    np.testing.assert_array_equal(said.collections[1].get_offsets(), X[y > 0.5])
    assert to_svg(figure).startswith(b"<?xml")


def test_the_map_and_its_line_are_where_the_classifier_changes_its_mind():
    figure = boundary_figure([("a", map_of(above, plane(X)), X, T)], **NAMES)
    axes = figure.axes[0]
    (picture,) = axes.images
    colors = picture.get_array()
    assert colors.shape[2] == 4
    assert colors[0, 0, 3] == pytest.approx(colors[-1, 0, 3], rel=1e-6)  # as certain below as above
    assert not np.allclose(colors[0, 0, :3], colors[-1, 0, :3])
    assert colors[colors.shape[0] // 2, 0, 3] == pytest.approx(0, abs=1e-6)  # transparent at 0.5
    line = np.concatenate([path.vertices for path in axes.collections[0].get_paths()])
    np.testing.assert_allclose(line[:, 1], 1.0, atol=1e-3)


def test_a_classifier_of_one_opinion_has_no_line_and_several_stand_side_by_side():
    figure = boundary_figure(
        [("a", map_of(above, plane(X)), X, T), ("b", map_of(lambda x: np.zeros(len(x)), plane(X)), X, T)], **NAMES
    )
    assert len(figure.axes) == 3  # and the scale
    assert figure.axes[1].get_title(loc="left") == "b"
    assert all(len(c.get_offsets()) for c in figure.axes[1].collections)  # points alone


def test_names_from_a_file_are_not_read_as_tex():
    names = {"features": ("$\\frac$", "a\nb" * 50), "classes": ("$x", "身高")}
    assert to_svg(boundary_figure([("a", map_of(above, plane(X)), X, T)], **names)).startswith(b"<?xml")
