"""Digits in the field of 32 x 32 pixels."""

import numpy as np
import pytest

from handgrad.data.digits import load_digits_8x8
from handgrad.data.lenet_images import INK, PAPER, SIDE, enlarged, in_field, place
from handgrad.errors import InputError

RNG = np.random.default_rng(0)


def test_an_image_of_mnist_gets_a_border_and_the_papers_levels():
    images = RNG.random((5, 28, 28)).astype(np.float32)
    x = in_field(images)
    assert (x.shape, x.dtype) == ((5, 1, 32, 32), np.float32)
    np.testing.assert_allclose(x[:, 0, 2:30, 2:30], images * 1.275 - 0.1, atol=1e-6)
    border = np.ones((32, 32), bool)
    border[2:30, 2:30] = False
    assert (x[:, 0, border] == np.float32(PAPER)).all()
    assert in_field(np.ones((1, 28, 28)))[0, 0, 16, 16] == pytest.approx(INK)


def test_an_image_of_8_by_8_is_enlarged_to_24_by_24():
    images = load_digits_8x8(0).x[:7].reshape(-1, 8, 8)
    large = enlarged(images)
    assert large.shape == (7, 24, 24)
    np.testing.assert_allclose(large[:, 1::3, 1::3], images, atol=1e-6)  # each old pixel is in the middle of nine new
    np.testing.assert_allclose(large[:, 2, 4], (2 * images[:, 0, 1] + images[:, 1, 1]) / 3, atol=1e-6)
    assert large.min() >= 0
    assert large.max() <= 1
    x = in_field(images)
    np.testing.assert_allclose(x[:, 0, 4:28, 4:28], large * 1.275 - 0.1, atol=1e-6)
    assert (x[:, 0, :4] == np.float32(PAPER)).all()


def test_images_are_moved_and_none_leaves_the_field():
    content = RNG.random((9, 28, 28)).astype(np.float32)
    shifts = np.array([(dy, dx) for dy in (-2, 0, 1) for dx in (-1, 0, 2)])
    x = np.full((9, 1, SIDE, SIDE), np.nan, np.float32)
    place(content, x, shifts)
    for image, expected, (dy, dx) in zip(x[:, 0], in_field(content)[:, 0], shifts, strict=True):
        np.testing.assert_array_equal(image, np.roll(expected, (dy, dx), (0, 1)))
    place(content, x, np.full((9, 2), 100))
    np.testing.assert_allclose(x[:, 0, 4:, 4:], content * 1.275 - 0.1, atol=1e-6)


@pytest.mark.parametrize("shape", [(3, 28, 27), (3, 33, 33), (28, 28), (3, 1, 28, 28)])
def test_what_does_not_fit_the_field_is_refused(shape):
    with pytest.raises(InputError, match="expected images x side x side; squares of at most 32 pixels"):
        in_field(np.zeros(shape))
