"""Photographs and drawings from files, as numbers. Whatever a file turns out to be, the answer is a picture or one
clear sentence.

Pillow decodes. Only formats of pixels are opened (a PostScript file would start another program), and nothing larger
than ``MOST_PIXELS`` is decoded: the size stands in a file's first bytes.
"""

import os
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from handgrad.data._files import reading
from handgrad.errors import InputError

if TYPE_CHECKING:
    from PIL import Image

Floats = np.ndarray[Any, np.dtype[np.floating[Any]]]

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
MOST_PIXELS = 89_478_485
"""Pillow's own bound, beyond which it warns of a decompression bomb: 256 MiB of three bytes a pixel."""

_LONGEST = 768  # pixels on the longer side that are kept: a digit needs 20, the rest averages noise away
_EXPECTED = f"a picture ({', '.join(FORMATS)})"
_SIXTEEN_BITS = 65535.0
_MIDDLE = 0.5  # from which on ink is light, and the paper behind it black


class Picture(NamedTuple):
    """``rgb`` (height, width, 3) in [0, 1], at most 768 pixels on the longer side; ``size``: the file's own width and
    height."""

    rgb: Floats
    size: tuple[int, int]


def read_picture(path: str | os.PathLike[str]) -> Picture:
    """The picture in the file ``path``, turned as its camera says; what is transparent becomes paper, white behind dark
    ink and black behind light ink.

    Raises ``InputError``: no such file, a folder, an empty file, no picture, a damaged one, one of more than
    ``MOST_PIXELS`` pixels, or one of several frames or pages.
    """
    from PIL import Image, UnidentifiedImageError

    name = os.fspath(path)
    with reading(name, _EXPECTED):
        if os.path.exists(name) and not os.path.isfile(name) and not os.path.isdir(name):
            raise InputError(f"{name} is no ordinary file, expected {_EXPECTED}")  # a pipe would keep us waiting
        with open(name, "rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about slips in a file that can be read all the same
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            if not file.read(1):
                raise InputError(f"{name} is empty, expected {_EXPECTED}")
            file.seek(0)
            try:
                return _decoded(name, file)
            except InputError:
                raise
            except UnidentifiedImageError:
                raise InputError(f"{name} is no picture that can be read, expected {_EXPECTED}") from None
            except (Image.DecompressionBombWarning, Image.DecompressionBombError):
                raise _too_large(name) from None
            except Exception as error:  # a decoder may raise anything about a damaged file
                reason = (str(error).splitlines() or [type(error).__name__])[0]
                raise InputError(f"{name} is a damaged picture ({reason}); save it anew, best as PNG") from None


def _decoded(name: str, file: Any) -> Picture:
    from PIL import Image, ImageOps

    with Image.open(file, formats=FORMATS) as image:
        width, height = image.size
        if width * height > MOST_PIXELS:
            raise _too_large(name)
        frames = int(getattr(image, "n_frames", 1))
        if frames > 1 and image.format != "MPO":  # of the pictures in a camera's MPO the first is the photograph
            raise InputError(f"{name} has {frames} frames or pages, expected a single picture; save one of them as PNG")
        image.draft(None, (_LONGEST, _LONGEST))  # a large JPEG need not be decoded at full size
        ImageOps.exif_transpose(image, in_place=True)
        return Picture(_rgb(image), (width, height))


def _too_large(name: str) -> InputError:
    return InputError(f"{name} has more than {MOST_PIXELS:,} pixels; make it smaller, 1000 x 1000 are plenty")


def _rgb(image: "Image.Image") -> Floats:
    """RGB (height, width, 3) in [0, 1], of any mode."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _of_one_wide_channel(image)
    if image.has_transparency_data:
        return _on_paper(_smaller(image.convert("RGBA")))
    return _smaller(image.convert("RGB"))


def _smaller(image: "Image.Image") -> Floats:
    """The image (height, width, channels) in [0, 1], averaged to at most ``_LONGEST`` pixels on the longer side."""
    factor = -(-max(image.size) // _LONGEST)
    return np.asarray(image.reduce(factor) if factor > 1 else image, np.float32) / np.float32(255)


def _of_one_wide_channel(image: "Image.Image") -> Floats:
    """16 bits count from 0 to 65535; other integers and floats have no white of their own, their extremes count."""
    from PIL import Image

    grey = np.asarray(image).astype(np.float32)
    if image.mode.startswith("I;16"):
        grey /= _SIXTEEN_BITS
    else:
        grey = np.nan_to_num(grey, posinf=0.0, neginf=0.0)
        low, high = float(grey.min()), float(grey.max())
        grey = (grey - low) / max(high - low, 1e-30)
    reduced = Image.fromarray(grey).reduce(-(-max(image.size) // _LONGEST))
    return np.repeat(np.asarray(reduced)[..., None], 3, axis=2)


def _on_paper(rgba: Floats) -> Floats:
    """``rgba`` (height, width, 4) on white paper, or on black where what is opaque is light."""
    opacity = rgba[..., 3:]
    mean = float((rgba[..., :3] * opacity).sum() / max(3 * float(opacity.sum()), 1e-30))
    transparent = float((opacity < _MIDDLE).mean()) > 0
    paper = 0.0 if transparent and mean > _MIDDLE else 1.0
    return rgba[..., :3] * opacity + np.float32(paper) * (1 - opacity)
