"""The handwritten digits that scikit-learn carries: 1,797 images of 8 x 8 pixels, no download.

Source: E. Alpaydin and C. Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine Learning Repository
(its test set): 32 x 32 bitmaps, the set pixels counted in blocks of 4 x 4, so a pixel is an integer from 0 to 16.
"""

import gzip
import importlib.util
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from handgrad.data.dataset import Dataset
from handgrad.data.split import hold_out

_SIDE = 8
_TABLE_SHAPE = (1797, _SIDE * _SIDE + 1)
_TEST_SHARE = 0.2


def load_digits_8x8(seed: int) -> Dataset:
    """The digits, split by ``seed`` into 80 % to train on and 20 % to test, of every class.

    x, x_test float32 (n, 64) in [0, 1] (sixteenths, exact in float32); t, t_test int64 (n,), the digit itself.
    Raises ``UsageError``: the seed is not an integer of at least 0.
    """
    table = _packaged_table()
    if table is None:
        table = _public_table()
    x = (table[:, :-1] / 16).astype(np.float32)
    t = table[:, -1].astype(np.int64)
    train, test = hold_out(t, _TEST_SHARE, seed)
    return Dataset(
        x[train],
        t[train],
        x[test],
        t[test],
        features=tuple(f"pixel_{i}_{j}" for i in range(_SIDE) for j in range(_SIDE)),
        classes=tuple(str(digit) for digit in range(10)),
        name="digits-8x8",
        source=f"scikit-learn's handwritten digits (UCI), split by seed {seed}",
        image_shape=(_SIDE, _SIDE),
    )


def _packaged_table() -> np.ndarray[Any, np.dtype[np.float64]] | None:
    """Pixels and digit (1797, 65) from the file inside scikit-learn; None where it is not as it is known to be.

    Importing sklearn.datasets takes more than a second, reading the file 20 ms. The file's place is not promised by
    scikit-learn, so anything unexpected leaves the work to its public loader.
    """
    spec = importlib.util.find_spec("sklearn")
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(spec.submodule_search_locations[0], "datasets", "data", "digits.csv.gz")
    try:
        with gzip.open(path, "rt", encoding="ascii") as file:
            table = np.loadtxt(file, delimiter=",")
    except (OSError, EOFError, ValueError, zlib.error):
        return None
    return table if table.shape == _TABLE_SHAPE else None


def _public_table() -> np.ndarray[Any, np.dtype[np.float64]]:
    """The same table through scikit-learn's public loader."""
    from sklearn.datasets import load_digits

    x, t = load_digits(return_X_y=True)
    return np.column_stack([x, t])
