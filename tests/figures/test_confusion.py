"""Confusion matrices."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from handgrad.errors import InputError
from handgrad.figures.confusion import confusion_counts, confusion_figure
from handgrad.figures.style import BLUE, VERMILLION, to_svg

COUNTS = np.array([[5, 2, 0], [0, 7, 1], [8, 0, 3]])


def texts(axes):
    return {(round(t.get_position()[0]), round(t.get_position()[1])): t.get_text() for t in axes.texts}


def test_a_row_is_what_it_is_and_a_column_what_it_is_called():
    true, said = [0, 0, 1, 2, 2, 2], [0, 1, 1, 0, 0, 2]
    np.testing.assert_array_equal(confusion_counts(true, said, 4), [[1, 1, 0, 0], [0, 1, 0, 0], [2, 0, 1, 0], [0] * 4])


@pytest.mark.parametrize(
    ("true", "said", "message"),
    [
        ([0, 1], [0], "said has shape 1, expected 2"),
        ([[0, 1]], [[0, 1]], "said has shape 1 x 2"),
        ([0, 1, 3], [0, 1, 2], "true holds 3 in row 2, expected class numbers from 0 to 2"),
        ([0, 1, 2], [0, -1, 2], "said holds -1 in row 1"),
        ([0, 1, 0.5], [0, 1, 2], "true holds 0.5 in row 2"),
    ],
)
def test_what_are_no_class_numbers_is_refused(true, said, message):
    with pytest.raises(InputError, match=message):
        confusion_counts(true, said, 3)


def test_counts_recall_and_precision_are_written():
    (axes,) = confusion_figure(COUNTS, ("a", "b", "c")).axes
    written = texts(axes)
    for (i, j), count in np.ndenumerate(COUNTS):
        assert written.get((j, i)) == (str(count) if count else None)
    assert [written[3, i] for i in range(3)] == ["71.4", "87.5", "27.3"]  # 5/7, 7/8, 3/11
    assert [written[j, 3] for j in range(3)] == ["38.5", "77.8", "75.0"]  # 5/13, 7/9, 3/4
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b", "c"]
    bottom, top = axes.get_ylim()
    assert bottom > top  # the first class is above


def test_colours_tell_right_from_wrong_and_how_much():
    figure = confusion_figure(COUNTS, ("a", "b", "c"))
    assert to_svg(figure) == to_svg(confusion_figure(COUNTS, ("a", "b", "c")))
    rgba = np.asarray(figure.axes[0].collections[0].get_facecolor()).reshape(3, 3, 4)
    for k in range(3):
        np.testing.assert_allclose(rgba[k, k, :3], to_rgb(BLUE))
    for i, j in ((0, 1), (1, 2), (2, 0)):
        np.testing.assert_allclose(rgba[i, j, :3], to_rgb(VERMILLION))
    assert rgba[0, 2, 3] == rgba[1, 0, 3] == rgba[2, 1, 3] == 0  # nothing, and nothing to be seen
    assert 0 < rgba[1, 2, 3] < rgba[0, 1, 3] < rgba[2, 0, 3]  # 1 of 8, 2 of 7, 8 of 11


def test_classes_that_are_never_met_or_never_called():
    (axes,) = confusion_figure(np.array([[0, 0], [3, 0]]), ("a", "$b")).axes
    written = texts(axes)
    assert [written[2, 0], written[2, 1]] == ["–", "0.0"]
    assert [written[0, 2], written[1, 2]] == ["0.0", "–"]


def test_very_many_classes_have_no_numbers():
    counts = np.eye(37, dtype=int)
    (axes,) = confusion_figure(counts, [f"class {k}" for k in range(37)]).axes
    assert not axes.texts
    assert len(axes.get_xticks()) == 19


def test_another_shape_is_refused():
    with pytest.raises(InputError, match="counts has shape 3 x 3, expected 2 x 2"):
        confusion_figure(COUNTS, ("a", "b"))
