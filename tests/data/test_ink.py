"""What is written on a picture."""

import numpy as np
import pytest

from handgrad.data.digit_forms import as_8x8, as_mnist
from handgrad.data.digits import load_digits_8x8
from handgrad.data.ink import ink
from photos import KINDS, photograph


def written(seed=0):
    """A digit 28 x 28 in [0, 1], drawn: a ring with a stroke, soft at its edges."""
    y, x = np.mgrid[:28, :28]
    ring = np.abs(np.hypot(y - 10, x - 14 + seed) - 5)
    stem = np.where((y > 10) & (y < 24), np.abs(x - 18 + seed), 99)
    return np.clip(2.2 - np.minimum(ring, stem), 0, 1)


def alike(one, other):
    """The cosine of the angle between two images."""
    return float((one * other).sum() / np.linalg.norm(one) / np.linalg.norm(other))


@pytest.mark.parametrize("kind", KINDS)
def test_a_photograph_gives_what_was_written(kind):
    expected = as_mnist(np.kron(written() > 0.5, np.ones((9, 9))))
    for seed in range(4):
        found = ink(photograph(written(), kind, np.random.default_rng(seed)) / 255)
        assert found is not None
        assert alike(as_mnist(found), expected) > (0.6 if kind == "fine" else 0.95)


def test_dark_on_light_and_light_on_dark_are_the_same():
    digit = np.repeat(written()[..., None], 3, axis=2)
    np.testing.assert_allclose(ink(digit), ink(1 - digit), atol=1e-6)
    np.testing.assert_allclose(ink(digit), written(), atol=0.02)


def test_colors_of_one_brightness_are_told_apart():
    red, green = np.array([0.9, 0.2, 0.2]), np.array([0.2, 0.555, 0.2])
    weights = np.array([0.299, 0.587, 0.114])
    assert red @ weights == pytest.approx(green @ weights, abs=0.03)
    found = ink(green + written()[..., None] * (red - green))
    assert alike(found, written()) > 0.99


@pytest.mark.parametrize("shape", [(1, 1), (2, 1), (8, 8), (28, 28), (300, 200), (640, 3)])
@pytest.mark.parametrize("noise", [0.0, 0.03])
def test_a_blank_page_holds_no_ink(shape, noise):
    rng = np.random.default_rng(0)
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    light = 0.8 + (0.1 * x - 0.05 * y) * (min(shape) > 64)
    noise = noise if min(shape) > 64 else 0.0  # of a small picture every pixel counts
    page = np.repeat(light[..., None] + noise * rng.normal(size=(*shape, 1)), 3, axis=2)
    page = np.broadcast_to(page, (*shape, 3)).copy()
    assert ink(page) is None


def test_specks_and_what_the_border_cuts_are_left_out():
    page = np.zeros((280, 280))
    page[70:210, 70:210] = np.kron(written()[4:24, 4:24], np.ones((7, 7)))
    clean = page.copy()
    page[20:23, 20:23] = 1  # a speck
    page[:, 268:] = 1  # the edge of a table
    found = ink(np.repeat(page[..., None], 3, axis=2))
    assert found[15:28, 15:28].max() == 0
    assert found[:, 262:].max() == 0
    assert alike(found, clean) > 0.98


def test_what_alone_touches_the_border_is_the_digit():
    tight = np.kron(written()[3:25, 7:21], np.ones((4, 4)))
    found = ink(np.repeat(tight[..., None], 3, axis=2))
    assert alike(found, tight) > 0.98


def test_an_image_in_mnist_form_stays_what_it_is():
    image = as_mnist(written(3))
    again = as_mnist(ink(np.repeat(image[..., None], 3, axis=2)))
    np.testing.assert_allclose(again, image, atol=0.02)


def test_mnist_form_has_its_box_and_its_centre():
    wide = np.zeros((50, 400))
    wide[10:30, 20:380] = 1
    image = as_mnist(wide)
    assert image.dtype == np.float32
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    assert len(columns) == 20
    assert len(rows) < 4
    lopsided = np.zeros((100, 100))
    lopsided[:, :20] = 1
    lopsided[80:, :] = 1
    image = as_mnist(lopsided)
    mass = image.sum()
    assert abs((image.sum(axis=1) * np.arange(28)).sum() / mass - 14) <= 0.5
    assert abs((image.sum(axis=0) * np.arange(28)).sum() / mass - 14) <= 0.5


def test_a_dot_is_an_image_too():
    for shape in ((1, 1), (3, 3), (200, 200)):
        page = np.zeros(shape)
        page[shape[0] // 2, shape[1] // 2] = 1
        for form in (as_mnist, as_8x8):
            assert np.isfinite(form(page)).all()
            assert form(page).max() > 0


def test_the_embedded_digits_keep_their_form():
    digits = load_digits_8x8(0)
    images = digits.x_test[:60].reshape(-1, 8, 8)
    enlarged = np.array([as_8x8(np.kron(image, np.ones((20, 20)))) for image in images])
    likeness = [alike(a, b) for a, b in zip(enlarged, images, strict=True)]
    assert np.median(likeness) > 0.9
    np.testing.assert_array_equal(as_8x8(images[0]), images[0])
    assert abs(enlarged.mean() - digits.x.mean()) < 0.03  # as much ink
