"""Photographs of handwritten digits, made from images that are known: what a camera and a hand add, drawn by a seed."""

import io

import numpy as np
from PIL import Image

KINDS = ("paper", "board", "pens", "shadow", "fine")


def photograph(digit, kind, rng, side=640):
    """``digit`` (28, 28) in [0, 1] as a photograph (side, side, 3), uint8.

    paper: dark ink, uneven light, noise, anywhere on the page. board: light chalk on dark. pens: ink and paper of any
    two colours that differ. shadow: paper, and the edge of a shadow across it. fine: a thin pen.
    """
    scale = rng.uniform(6, 16)
    extent = round(28 * scale)
    image = Image.fromarray((255 * np.clip(digit, 0, 1)).astype(np.uint8))
    written = np.asarray(image.resize((extent, extent), Image.Resampling.BICUBIC), np.float64) / 255
    written = np.clip(4 * (written - 0.5) + 0.5, 0, 1)  # a pen has sharp edges
    if kind == "fine":
        written = _outline(written, rng)
    ink = np.zeros((side, side))
    top, left = rng.integers(0, side - extent, 2)
    ink[top : top + extent, left : left + extent] = written
    paper, pen = _colors(kind, rng)
    light = _light(kind, side, rng)
    picture = light[..., None] * (paper + ink[..., None] * (pen - paper))
    picture = picture + rng.normal(0, rng.uniform(0.005, 0.04), (side, side, 1)) + rng.normal(0, 0.01, picture.shape)
    return (255 * np.clip(picture, 0, 1)).round().astype(np.uint8)


def _colors(kind, rng):
    if kind == "board":
        return rng.uniform(0.05, 0.3, 3), rng.uniform(0.7, 0.95, 3)
    if kind != "pens":
        return rng.uniform(0.7, 0.95, 3), rng.uniform(0.05, 0.3, 3)
    while True:
        paper, pen = rng.uniform(0.1, 0.9, (2, 3))
        if np.linalg.norm(paper - pen) > 0.4:
            return paper, pen


def _light(kind, side, rng):
    """Light on the page: a slope, a fall-off towards the corners, and the edge of a shadow."""
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    angle = rng.uniform(0, 2 * np.pi)
    along = np.cos(angle) * x + np.sin(angle) * y
    light = 1 - 0.2 * rng.uniform() * (1 + along) / 2 - 0.15 * rng.uniform() * (x**2 + y**2) / 2
    if kind == "shadow":
        light = light * (1 - rng.uniform(0.2, 0.4) / (1 + np.exp(-(along - rng.uniform(-0.5, 0.5)) / 0.01)))
    return light


def _outline(written, rng):
    """The middle line of the strokes, drawn with a fine pen."""
    from scipy import ndimage

    inside = ndimage.distance_transform_edt(written > 0.5)
    line = (inside == ndimage.maximum_filter(inside, 3)) & (inside > 0.4 * inside.max())
    pen = ndimage.distance_transform_edt(~ndimage.binary_closing(line, iterations=4))
    return np.clip(rng.uniform(1.0, 2.5) + 0.5 - pen, 0, 1)


def jpeg(picture, quality=80):
    """``picture`` as a JPEG file's bytes."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
