"""Points in the unit square with two classes: the data of the lab ``points``.

Source: C.-H. Liao (2020), Back-propagation Implementation Report, NCTU Deep Learning and Practice, lab 1.

- ``linear``: uniform points; class 1 lies below the diagonal, where x0 > x1.
- ``xor``: points on the two diagonals; class 0 on x1 = x0, class 1 on x1 = 1 - x0. The lab's course divides each
  diagonal into 10 steps and gives 21 points; the report has 69, which is 34 steps: 35 points of class 0 and 34 of
  class 1, as the crossing stands once. (Its accuracy of 50.72 % at a loss of 34.00 is 35/69: everything called 0.)
"""

import os
from pathlib import Path
from typing import Any

import numpy as np

from handgrad.data.dataset import Dataset
from handgrad.data.split import data_stream
from handgrad.data.table import load_table
from handgrad.errors import out_of_range, unknown_choice

Floats = np.ndarray[Any, np.dtype[np.float64]]

_POINTS = 70  # training points and new test points, as in the report
_STEPS = 34  # of a diagonal; even, so that one step falls on the crossing


def linear_points(n: int, seed: int, part: int = 0) -> tuple[Floats, Floats]:
    """``n`` uniform points x (n, 2) in [0, 1) x [0, 1) and their labels t (n, 1): 1 where x0 > x1, else 0.

    Another ``part`` (0 training, 1 test, 2 and up free) of the same seed gives new points. Points exactly on the
    diagonal belong to neither class and are drawn again.

    Raises ``UsageError``: ``n`` is not a positive integer, or the seed is not an integer of at least 0.
    """
    _check_count(n)
    random = data_stream(seed, part)
    x = random.random((n, 2))
    while (ties := x[:, 0] == x[:, 1]).any():
        x[ties] = random.random((int(ties.sum()), 2))
    return x, _column(x[:, 0] > x[:, 1])


def xor_points() -> tuple[Floats, Floats]:
    """The report's 69 points x (69, 2) and labels t (69, 1), the two diagonals in turn, the crossing once (class 0)."""
    u = np.arange(_STEPS + 1) / _STEPS
    x = np.empty((2 * len(u), 2))
    x[0::2] = np.column_stack([u, u])
    x[1::2] = np.column_stack([u, 1 - u])
    t = _column(np.arange(len(x)) % 2 == 1)
    crossing_again = 2 * (_STEPS // 2) + 1
    return np.delete(x, crossing_again, axis=0), np.delete(t, crossing_again, axis=0)


def diagonal_points(n: int, seed: int, part: int = 1) -> tuple[Floats, Floats]:
    """``n`` new points x (n, 2) drawn uniformly along the two diagonals in turn, and their labels t (n, 1).

    Point 0, 2, ... lies on x1 = x0 (class 0), point 1, 3, ... on x1 = 1 - x0 (class 1), and none on the crossing.
    ``seed``, ``part`` and errors as in ``linear_points``.
    """
    _check_count(n)
    random = data_stream(seed, part)
    u = random.random(n)
    while (ties := u == 0.5).any():
        u[ties] = random.random(int(ties.sum()))
    rising = np.arange(n) % 2 == 0
    return np.column_stack([u, np.where(rising, u, 1 - u)]), _column(~rising)


def load_points(name_or_path: str | os.PathLike[str], seed: int) -> Dataset:
    """The points called ``linear`` or ``xor``, or those of a CSV file (see ``load_table``).

    x and x_test are float64 (n, 2), t and t_test float64 (n, 1). ``linear``: 70 points to train on, 70 new ones to
    test. ``xor``: the report's 69 and 70 new ones. A file that is called ``linear`` is reached as ``./linear``.

    Raises ``UsageError``: neither such a name nor such a file, or a wrong seed. ``InputError``: an unusable file.
    """
    name = os.fspath(name_or_path)
    if name == "linear":
        x, t = linear_points(_POINTS, seed)
        x_test, t_test = linear_points(_POINTS, seed, part=1)
        source = f"uniform in the unit square, class 1 where x0 > x1, seed {seed}"
    elif name == "xor":
        x, t = xor_points()
        x_test, t_test = diagonal_points(_POINTS, seed)
        source = f"the diagonals of the unit square in {_STEPS} steps; test points drawn along them, seed {seed}"
    elif not Path(name).suffix and os.path.basename(name) == name and not os.path.exists(name):
        raise unknown_choice("data", name, ("linear", "xor", "the path of a CSV file"))
    else:
        return load_table(name, seed)
    return Dataset(x, t, x_test, t_test, features=("x0", "x1"), classes=("0", "1"), name=name, source=source)


def _check_count(n: int) -> None:
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
        raise out_of_range("the number of points", n, "an integer of at least 1")


def _column(labels: np.ndarray[Any, np.dtype[np.bool_]]) -> Floats:
    """(n,) truth values as a column (n, 1) of 0.0 and 1.0."""
    return labels.astype(np.float64)[:, None]
