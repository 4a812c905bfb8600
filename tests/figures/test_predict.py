"""Pictures of digits, what the network was shown, and what it says."""

from dataclasses import dataclass

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from handgrad.errors import InputError
from handgrad.figures.predict import MOST, predictions_figure
from handgrad.figures.style import BLUE, to_svg


@dataclass
class Answer:
    file: str
    probabilities: np.ndarray
    rgb: np.ndarray
    image: np.ndarray


def answer(k, sure=0.5):
    p = np.full(10, (1 - sure) / 9)
    p[k % 10] = sure
    return Answer(f"{k}$.png", p, np.full((20, 30, 3), 0.9), np.eye(28))


def test_each_answer_has_its_picture_its_image_and_its_bars():
    figure = predictions_figure([answer(3), answer(8, 0.9999)])
    assert len(figure.axes) == 6
    picture, image, bars = figure.axes[3:]
    assert picture.images[0].get_array().shape == (20, 30, 3)
    np.testing.assert_array_equal(image.images[0].get_array(), np.eye(28))
    heights = [bar.get_height() for bar in bars.patches]
    np.testing.assert_allclose(heights, 100 * answer(8, 0.9999).probabilities)
    assert [bar.get_facecolor()[:3] == to_rgb(BLUE) for bar in bars.patches].index(True) == 8
    assert [text.get_text() for text in bars.texts] == ["8: > 99.9 %"]
    assert [text.get_text() for text in figure.axes[2].texts] == ["3: 50.0 %"]
    boxes = [axes.get_position() for axes in figure.axes]
    assert all(box.x0 >= 0 and box.x1 <= 1 and box.y0 >= 0 and box.y1 <= 1 for box in boxes)
    assert boxes[3].y1 < boxes[0].y0
    assert to_svg(figure).startswith(b"<?xml")


def test_of_very_many_the_first_are_drawn():
    assert len(predictions_figure([answer(k) for k in range(MOST + 5)]).axes) == 3 * MOST


def test_no_answer_is_no_figure():
    with pytest.raises(InputError, match="0 answers"):
        predictions_figure([])
