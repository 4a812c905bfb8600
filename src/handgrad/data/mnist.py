"""MNIST: 70,000 handwritten digits of 28 x 28 pixels, from the four original files.

Source: Y. LeCun, C. Cortes and C. J. C. Burges, The MNIST database of handwritten digits; described in LeCun, Bottou,
Bengio and Haffner (1998), Gradient-based learning applied to document recognition, section III.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from handgrad.data.dataset import Dataset
from handgrad.data.download import download
from handgrad.data.idx import read_idx
from handgrad.errors import InputError, shape_text

__all__ = ["cache_folder", "load_mnist", "read_idx"]

_SIDE = 28
_CLASSES = 10
_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
# Smallest first, so that a mirror that does not work is noticed early.
_SHA256 = {
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
}
_NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
_FOUR_FILES = f"{'.gz, '.join(_NAMES[:3])}.gz and {_NAMES[3]}.gz"


def load_mnist(
    data_dir: str | os.PathLike[str] | None = None, *, announce: Callable[[str], None] | None = None
) -> Dataset:
    """MNIST with its own division: 60,000 images to train on, 10,000 to test.

    The four files, gzipped or not, ``-idx`` or ``.idx`` in their names, are taken from ``data_dir`` if it is given;
    else from the folder that the environment variable HANDGRAD_DATA names; else from the user's cache, where they are
    downloaded to if need be (11.6 MB; ``announce`` is called with a line about it). Each folder may hold the files
    themselves or a folder ``mnist`` with them.

    x, x_test float32 (n, 784) in [0, 1]; t, t_test int64 (n,), the digit itself. Other data in the same format
    (Fashion-MNIST, a part of MNIST) is taken as it is: the number of images is not checked against MNIST's.

    Raises ``InputError``: ``data_dir`` lacks a file, a file is damaged (with byte and reason), images and labels are
    not equally many, or the download failed (which four files to put where).
    """
    folder, files = _located(data_dir, announce)
    try:
        x, t = _read_part(files, "train")
        x_test, t_test = _read_part(files, "t10k")
    except InputError as error:
        if folder != cache_folder():
            raise
        raise InputError(f"{error} (delete it, and the next run downloads it anew)") from None
    return Dataset(
        x,
        t,
        x_test,
        t_test,
        features=tuple(f"pixel_{i}_{j}" for i in range(_SIDE) for j in range(_SIDE)),
        classes=tuple(str(digit) for digit in range(_CLASSES)),
        name="mnist",
        source=str(folder),
        image_shape=(_SIDE, _SIDE),
    )


def cache_folder() -> Path:
    """Where downloaded files are kept: the folder ``mnist`` in the user's cache for handgrad."""
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("handgrad")) / "mnist"


def _located(
    data_dir: str | os.PathLike[str] | None, announce: Callable[[str], None] | None
) -> tuple[Path, dict[str, Path]]:
    """The folder that holds all four files, and the files under their plain names."""
    if data_dir is not None:
        return _explicit(Path(data_dir))
    place = cache = cache_folder()
    if environment := os.environ.get("HANDGRAD_DATA"):
        if found := _complete(Path(environment)):
            return found
        place = Path(environment, "mnist")
        if not Path(environment).is_dir():
            raise InputError(f"HANDGRAD_DATA is {environment}, which is no folder; expected one that holds mnist/")
        if _files_in(place) or _files_in(Path(environment)):  # some of the four: a slip, not another kind of data
            return _explicit(Path(environment))
    if found := _complete(cache):
        return found
    advice = f"put the four files {_FOUR_FILES} into {place}, or name their folder with --data-dir or HANDGRAD_DATA"
    download("MNIST", cache, _MIRRORS, _SHA256, advice, announce)
    return _explicit(cache)


def _explicit(folder: Path) -> tuple[Path, dict[str, Path]]:
    """All four files of a folder that must have them."""
    if found := _complete(folder):
        return found
    if not folder.is_dir():
        given = "is not a folder" if folder.exists() else "does not exist"
        raise InputError(f"the data folder {folder} {given}, expected a folder with the four files {_FOUR_FILES}")
    held = max((_files_in(folder), _files_in(folder / "mnist")), key=len)
    missing = [f"{name}.gz" for name in _NAMES if name not in held]
    raise InputError(
        f"{folder} lacks {', '.join(missing)}: put there, or into its folder mnist, the four files {_FOUR_FILES}, "
        "gzipped or not"
    )


def _complete(folder: Path) -> tuple[Path, dict[str, Path]] | None:
    """``folder`` or its folder ``mnist``, whichever has all four files, with them; None if neither has."""
    for candidate in (folder, folder / "mnist"):
        files = _files_in(candidate)
        if len(files) == len(_NAMES):
            return candidate, files
    return None


def _files_in(folder: Path) -> dict[str, Path]:
    """Those of the four files that the folder holds, under their plain names."""
    files: dict[str, Path] = {}
    for name in _NAMES:
        for variant in (name, name.replace("-idx", ".idx")):
            for path in (folder / variant, folder / f"{variant}.gz"):
                if path.is_file():
                    files.setdefault(name, path)
    return files


def _read_part(
    files: dict[str, Path], part: str
) -> tuple[np.ndarray[Any, np.dtype[np.float32]], np.ndarray[Any, np.dtype[np.int64]]]:
    """x (n, 784) and t (n,) of ``train`` or ``t10k``."""
    image_file, label_file = files[f"{part}-images-idx3-ubyte"], files[f"{part}-labels-idx1-ubyte"]
    labels = read_idx(label_file, ndim=1)
    images = read_idx(image_file, ndim=3)
    if images.shape[1:] != (_SIDE, _SIDE):
        raise InputError(
            f"{image_file} holds images of {shape_text(images.shape[1:])} pixels (bytes 8 to 15), "
            f"expected {_SIDE} x {_SIDE}"
        )
    if len(images) != len(labels):
        raise InputError(
            f"{image_file} holds {len(images)} images and {label_file} {len(labels)} labels (bytes 4 to 7), "
            "expected a label for every image; get both files again"
        )
    if not len(images):
        raise InputError(f"{image_file} holds 0 images (bytes 4 to 7), expected at least 1")
    if labels.max() >= _CLASSES:
        i = int(np.argmax(labels >= _CLASSES))
        raise InputError(f"{label_file} holds the label {labels[i]} at byte {8 + i} (label {i}), expected 0 to 9")
    x = np.divide(images.reshape(len(images), -1), np.float32(255), dtype=np.float32)
    return x, labels.astype(np.int64)
