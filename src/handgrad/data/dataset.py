"""What every loader returns, and the refusal of numbers that are not finite."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from handgrad.errors import not_finite, wrong_dtype, wrong_shape


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training and test data of a classification, samples first.

    Shapes: x (n, features), x_test (m, features), floats. The targets come in one of two forms:

    - two classes (points, CSV files): t (n, 1), t_test (m, 1), float64, 0.0 or 1.0, what one sigmoid unit learns;
    - more (digits): t (n,), t_test (m,), int64, the index of the class in ``classes``.

    ``features`` names the columns of x, ``classes`` the classes in the order of their index, ``source`` says where the
    data came from, and ``image_shape`` is (height, width) where a row of x is an image, read row by row.
    """

    x: np.ndarray[Any, np.dtype[np.floating[Any]]]
    t: np.ndarray[Any, np.dtype[Any]]
    x_test: np.ndarray[Any, np.dtype[np.floating[Any]]]
    t_test: np.ndarray[Any, np.dtype[Any]]
    features: tuple[str, ...]
    classes: tuple[str, ...]
    name: str
    source: str
    image_shape: tuple[int, int] | None = None


def check_finite(what: str, array: np.ndarray[Any, Any], features: Sequence[str] | None = None) -> None:
    """Refuse NaN and infinity in ``array`` (n, ...), naming the first row that holds one, and its column.

    ``what`` is the array's name in the message; rows count from 0. A column is called by its name in ``features``
    (as many as a row has entries), by its number from 0 without them; the entries of an image or a sequence are
    counted through in C order.

    Raises ``InputError``: an entry is not finite, the dtype is not one of numbers, or ``features`` has a wrong length.
    """
    if array.dtype.kind not in "fciub":
        raise wrong_dtype(what, array.dtype, "numbers")
    finite = np.isfinite(array)
    if finite.all():
        return
    rows = array.reshape(len(array), -1) if array.ndim else array.reshape(1, 1)
    if features is not None and len(features) != rows.shape[1]:
        raise wrong_shape(what, array.shape, (len(array), len(features)), "a name in features for every column")
    row, column = (int(i) for i in np.argwhere(~finite.reshape(rows.shape))[0])
    value = rows[row, column]
    raise not_finite(what, row, features[column] if features is not None else column, value)
