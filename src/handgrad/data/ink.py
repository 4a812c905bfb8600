"""What is written on a picture: ink from 0 to 1, whatever paper, pen and light were.

Nothing is assumed but that most of the picture's border is paper. So dark on light and light on dark are one case, and
a red pen on green paper is ink by its colour, though both are equally bright:

1. paper: a surface of second order through each colour channel, fitted to the border, then to all that agrees with it;
2. ink: how far a pixel's colour is from the paper's, along the direction in which most differ; what is broad, a shadow,
   is taken off again;
3. what is kept: patches that reach half of the ink's full strength, without specks, and without what the picture's
   border cuts (the edge of a table) where something else is there.
"""

from typing import Any

import numpy as np

from handgrad.data.pictures import Floats

Mask = np.ndarray[Any, np.dtype[np.bool_]]

_FRAME = 0.06  # of the shorter side: the border that is taken for paper at first
_ROUNDS = 6  # of fitting the paper
_AGREES = 3.0  # standard deviations up to which a pixel is paper
_NOISE = 6.0  # standard deviations that ink must stand out by
_FAINTEST = 0.04  # of the contrast of white and black, below which a picture counts as blank
_DEVIATION = 1.4826  # of a normal distribution, in median absolute deviations
_BROAD = 0.3  # of the shorter side: what is so broad in both directions is no stroke
_WIDER = 3  # pixels, where a shadow is looked for, by which it is taken to be wider
_STRONG, _WEAK = 0.5, 0.35  # of the ink's full strength: what a patch must reach, and where it ends
_FULL = 90  # percentile of what stands out that counts as full strength
_SPECK = 0.02  # of the largest patch: smaller ones are dust
_REST = 0.1  # of the largest patch: one inside must be so large to make those at the border go
_SHARP = 300  # pixels on the longer side up to which nothing is blurred: every pixel counts there
_ROOM = 64  # pixels on the shorter side from which a picture may have light and shadow
_LOOKED_AT = 40_000  # pixels in which the direction of the ink is looked for
_FITTED = 128  # about so many pixels on the longer side are looked at for paper and shadows


def ink(rgb: Floats) -> Floats | None:
    """The ink (height, width) in [0, 1] of a picture ``rgb`` (height, width, 3); None where nothing stands out."""
    signal = _without_shadows(_signal(_blurred(rgb)))
    noise = _DEVIATION * float(np.median(np.abs(signal))) if _has_room(signal) else 0.0
    out = signal > max(_NOISE * noise, _FAINTEST)
    if not out.any():
        return None
    full = float(np.percentile(signal[out], _FULL))
    low = min(_AGREES * noise, _WEAK * full)
    kept = _patches(signal > max(_WEAK * full, low), signal > _STRONG * full)
    strength = np.clip((signal - low) / (full - low), 0, 1)
    return np.where(kept, strength, 0)


def _blurred(rgb: Floats) -> Floats:
    """Without the noise of single pixels, where there are many."""
    from scipy import ndimage

    sigma = max(rgb.shape[:2]) / _SHARP
    return rgb if sigma <= 1 else ndimage.gaussian_filter(rgb, (sigma / 2, sigma / 2, 0))


def _signal(rgb: Floats) -> Floats:
    """How far each pixel is from the paper, in the direction of the ink."""
    away = rgb - _paper(rgb)
    flat = away.reshape(-1, 3)
    some = flat[:: max(1, len(flat) // _LOOKED_AT)]
    far = some[np.argsort((some**2).sum(axis=1))[-max(1, len(some) // 20) :]]
    direction = np.linalg.eigh((far.T @ far).astype(np.float64))[1][:, -1]
    along = away @ direction.astype(away.dtype)
    return np.asarray(along if (along**3).sum() >= 0 else -along)


def _paper(rgb: Floats) -> Floats:
    """The paper's colour at every pixel, (height, width, 3)."""
    height, width = rgb.shape[:2]
    step = max(1, max(height, width) // _FITTED)
    order = 2 if _has_room(rgb) else 0
    rows, columns = (np.vander(np.linspace(-1, 1, n), order + 1, increasing=True) for n in (height, width))
    powers = [(i, j) for i in range(order + 1) for j in range(order + 1 - i)]
    terms = np.stack([np.outer(rows[::step, i], columns[::step, j]) for i, j in powers], axis=2)
    colors = rgb[::step, ::step].astype(np.float64)
    paper = _frame(colors.shape[0], colors.shape[1])
    fitted = _least_squares(terms[paper], colors[paper])
    for _ in range(_ROUNDS):
        distance = np.sqrt(((colors - terms @ fitted) ** 2).sum(axis=2))
        agrees = distance <= _AGREES * _DEVIATION * float(np.median(distance[paper])) + 1e-6
        if (agrees == paper).all() or not agrees.any():
            break
        paper = agrees
        fitted = _least_squares(terms[paper], colors[paper])
    matrix = np.zeros((order + 1, order + 1, 3))
    for (i, j), coefficients in zip(powers, fitted, strict=True):
        matrix[i, j] = coefficients
    surface = np.einsum("hi,ijc,wj->hwc", rows, matrix, columns, optimize=True)
    return np.asarray(surface, rgb.dtype)


def _has_room(picture: Floats) -> bool:
    """Whether a picture is large enough to have light and shadow; a small one was made with a program."""
    return bool(min(picture.shape[:2]) >= _ROOM)


def _frame(height: int, width: int) -> Mask:
    """Which pixels are the border."""
    edge = max(1, round(_FRAME * min(height, width)))
    inner = np.zeros((height, width), dtype=bool)
    inner[edge : height - edge, edge : width - edge] = True
    return ~inner


def _least_squares(terms: Floats, colors: Floats) -> Floats:
    return np.asarray(np.linalg.lstsq(terms, colors, rcond=None)[0])


def _without_shadows(signal: Floats) -> Floats:
    """Without what is broad, and with the paper, which is most of the picture, at 0."""
    if _has_room(signal):
        signal = signal - _broad_part(signal)
    return signal - np.median(signal)


def _broad_part(signal: Floats) -> Floats:
    """The opening of ``signal`` by an octagon, which leaves a straight edge of any direction where it is; found on
    fewer pixels, and a little wider than it is, so that no line remains along the edge of a shadow."""
    from scipy import ndimage

    step = -(-max(signal.shape) // _FITTED)
    height, width = (-(-n // step) for n in signal.shape)
    padded = np.pad(signal, [(0, n * step - m) for n, m in zip((height, width), signal.shape, strict=True)], "edge")
    small = padded.reshape(height, step, width, step).mean(axis=(1, 3))
    reach = max(1, round(_BROAD * min(small.shape) / 2))
    forms = [np.ones((3, 3), dtype=bool), ndimage.generate_binary_structure(2, 1)]
    for k in range(reach):
        small = ndimage.grey_erosion(small, footprint=forms[k % 2], mode="nearest")
    for k in range(reach + _WIDER):
        small = ndimage.grey_dilation(small, footprint=forms[k % 2], mode="nearest")
    return np.repeat(np.repeat(small, step, axis=0), step, axis=1)[: signal.shape[0], : signal.shape[1]]


def _patches(weak: Mask, strong: Mask) -> Mask:
    """The patches of ``weak`` that are ink, with the soft edge around them."""
    from scipy import ndimage

    names, count = ndimage.label(weak, structure=np.ones((3, 3)))
    areas = np.bincount(names.ravel(), minlength=count + 1)
    areas[0] = 0
    areas[~np.isin(np.arange(count + 1), names[strong])] = 0
    cut = np.isin(np.arange(count + 1), np.concatenate([names[0], names[-1], names[:, 0], names[:, -1]]))
    if areas[~cut].max(initial=0) >= _REST * areas.max():
        areas[cut] = 0
    kept = areas[names] >= max(1.0, _SPECK * areas.max())
    soft = max(2, round(max(weak.shape) / _SHARP))
    return np.asarray(ndimage.binary_dilation(kept, np.ones((3, 3)), iterations=soft))
