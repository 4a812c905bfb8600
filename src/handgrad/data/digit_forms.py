"""A written digit in the form of the images that networks here have learned from.

``as_mnist``: LeCun, Bottou, Bengio and Haffner (1998), section III.A: the digit is fitted into a box of 20 x 20 pixels,
its proportions kept, and put into 28 x 28 so that its centre of mass is in the middle. Of 60,000 images the centre of
mass is, to half a pixel, at row 14, column 14, counted from 0.

``as_8x8``: the preprocessing behind scikit-learn's digits, Garris et al. (1994), NIST form-based handprint recognition
system: upright by a shear, 20 x 32 pixels whatever the proportions were, as much ink in every digit, in the middle of
32 x 32, of which blocks of 4 x 4 are counted. The shear and the share of ink were read from the images.
"""

import numpy as np

from handgrad.data.pictures import Floats

_SIDE, _BOX, _MIDDLE = 28, 20, 14
_FINE = 40  # pixels on the longer side from which strokes have a width that can be changed
_BLUR = 0.3  # ink at the edge of a stroke, below which it is not measured
_THINNEST = 0.085  # width of a stroke by the digit's longer side: thinner ones are drawn with a broader pen
_BITMAP, _WIDTH, _BLOCK = 32, 20, 4
_INKED = 310  # set pixels of a bitmap
_STROKE = 0.5  # of the strongest ink: what is stroke
_SHADE = 0.5  # between pixels of one distance the shade decides


def as_mnist(ink: Floats) -> Floats:
    """``ink`` (height, width) in [0, 1], not all 0, as an image (28, 28) of MNIST, float32 in [0, 1]."""
    digit = _broadened(_cropped(ink))
    scale = _BOX / max(digit.shape)
    height, width = (min(_BOX, max(1, round(scale * n))) for n in digit.shape)
    small = _resized(digit, height, width)
    small = small / small.max()
    rows, columns = np.indices(small.shape)
    top = _place(float((rows * small).sum() / small.sum()), height)
    left = _place(float((columns * small).sum() / small.sum()), width)
    image = np.zeros((_SIDE, _SIDE), np.float32)
    image[top : top + height, left : left + width] = small
    return image


def _place(mass: float, extent: int) -> int:
    """Where to begin so that the centre of mass comes to the middle, and nothing leaves the image."""
    return int(np.clip(round(_MIDDLE - mass), 0, _SIDE - extent))


def _cropped(ink: Floats) -> Floats:
    """The part that is written on. In a small image every shade at its edge counts; in a large one it is blur."""
    seen = ink > (_BLUR if max(ink.shape) >= _FINE else 0)
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _resized(digit: Floats, height: int, width: int) -> Floats:
    """Averaged down, or interpolated up."""
    from PIL import Image

    if digit.shape == (height, width):
        return digit
    image = Image.fromarray(digit.astype(np.float32))
    return np.asarray(
        image.resize((width, height), Image.Resampling.BOX if max(digit.shape) > _BOX else Image.Resampling.BILINEAR)
    )


def _broadened(digit: Floats) -> Floats:
    """With strokes that are not thinner than those of MNIST: a fine pen's would be nearly nothing in 20 pixels."""
    from scipy import ndimage

    if max(digit.shape) < _FINE:
        return digit
    inside = digit > 0.5
    within = ndimage.distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1]
    stroke = 4 * float(within[inside].mean()) - 1  # in a strip of width w the distances are w / 4 on average
    lacking = (_THINNEST * max(digit.shape) - stroke) / 2
    if lacking < 0.5:
        return digit
    edge = int(np.ceil(lacking)) + 1
    padded = np.pad(inside, edge)
    distance = ndimage.distance_transform_edt(~padded)
    return np.asarray(np.clip(lacking + 0.5 - distance, 0, 1))


def as_8x8(ink: Floats) -> Floats:
    """``ink`` (height, width) in [0, 1], not all 0, as an image (8, 8) of scikit-learn's digits, float32 in [0, 1];
    what has 8 x 8 pixels is taken to be one."""
    if ink.shape == (_BITMAP // _BLOCK, _BITMAP // _BLOCK):
        return ink.astype(np.float32)
    upright = _cropped(_without_slant(_cropped(ink)))
    grey = _resized(upright, _BITMAP, _WIDTH)
    bitmap = np.zeros((_BITMAP, _BITMAP), np.float32)
    left = (_BITMAP - _WIDTH) // 2
    bitmap[:, left : left + _WIDTH] = _most_inked(grey)
    blocks = bitmap.reshape(_BITMAP // _BLOCK, _BLOCK, _BITMAP // _BLOCK, _BLOCK)
    return np.asarray(blocks.mean(axis=(1, 3)))


def _without_slant(digit: Floats) -> Floats:
    """Sheared, row by row, so that row and column of its ink are not correlated."""
    from scipy import ndimage

    height, width = digit.shape
    rows, columns = np.indices(digit.shape) - np.array([(height - 1) / 2, (width - 1) / 2])[:, None, None]
    y = rows - (rows * digit).sum() / digit.sum()
    slant = float((y * columns * digit).sum() / max(float((y * y * digit).sum()), 1e-12))
    room = int(np.ceil(abs(slant) * height / 2)) + 1
    padded = np.pad(digit, ((0, 0), (room, room)))
    middle = (height - 1) / 2
    sheared = ndimage.affine_transform(padded, [[1, 0], [slant, 1]], offset=(0, -slant * middle), order=1)
    return np.asarray(np.where(sheared > _BLUR / 3, sheared, 0))


def _most_inked(grey: Floats) -> Floats:
    """The ``_INKED`` pixels that are deepest in the ink or nearest to it: strokes grow or shrink evenly."""
    from scipy import ndimage

    inside = np.pad(grey > _STROKE * grey.max(), 1)
    depth = ndimage.distance_transform_edt(inside) - ndimage.distance_transform_edt(~inside)
    order = np.argsort(-(depth[1:-1, 1:-1] + _SHADE * grey), axis=None, kind="stable")
    chosen = np.zeros(grey.size, np.float32)
    chosen[order[:_INKED]] = 1
    return chosen.reshape(grey.shape)
