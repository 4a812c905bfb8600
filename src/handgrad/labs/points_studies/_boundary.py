"""How well a classifier's boundary lies: shares of right points by distance, and the way to the true diagonal."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
Predict = Callable[[Floats], Any]

_REACH = 0.25  # how far from the diagonal the learned boundary is looked for; the square's side is 1
_STEPS = 501  # points along each normal; between two the prediction is taken as a straight line


def predictor(predict: Predict) -> Callable[[Floats], Floats]:
    """``predict`` ((n, 2) to (n, 1)) as a function to float64 (n,)."""
    return lambda x: np.asarray(predict(x), dtype=np.float64).reshape(-1)


def diagonal_distance(x: Floats) -> Floats:
    """Distance (n,) of the points ``x`` (n, 2) from the diagonal x1 = x0; positive where x0 > x1, class 1."""
    distance: Floats = (x[:, 0] - x[:, 1]) / np.sqrt(2)
    return distance


def diagonal_offsets(predict: Predict, positions: Floats) -> Floats:
    """How far from the diagonal the classifier says 0.5, (n,), seen from the points (s, s), s in ``positions`` (n,).

    Measured along the normal, positive towards class 1; of several crossings the nearest; NaN where there is none
    within 0.25.
    """
    along = np.linspace(-_REACH, _REACH, _STEPS)
    normal = np.array([1.0, -1.0]) / np.sqrt(2)
    offsets = np.full(len(positions), np.nan)
    for i, s in enumerate(positions):
        above = predictor(predict)(s + along[:, None] * normal) - 0.5
        k = np.flatnonzero((above[:-1] <= 0) != (above[1:] <= 0))
        if k.size:
            crossings = along[k] - above[k] * (along[k + 1] - along[k]) / (above[k + 1] - above[k])
            offsets[i] = crossings[np.argmin(np.abs(crossings))]
    return offsets


def band_shares(
    distance: Floats, right: "np.ndarray[Any, Any]", edges: Sequence[float]
) -> list[tuple[int, float | None]]:
    """For each band between neighbouring ``edges``: how many points lie there, and the share of ``right`` ones (None
    where there are no points). ``distance`` and ``right`` are (n,)."""
    bands: list[tuple[int, float | None]] = []
    for low, high in zip(edges, edges[1:], strict=False):
        inside = (distance >= low) & (distance < high)
        bands.append((int(inside.sum()), float(right[inside].mean()) if inside.any() else None))
    return bands


def nearest_diagonal(x: Floats) -> Floats:
    """The class (n,) of the XOR diagonal that lies nearer to each point of ``x`` (n, 2): 0 for x1 = x0, 1 for
    x1 = 1 - x0. The two are equally near on the lines x0 = 1/2 and x1 = 1/2."""
    nearer = np.abs(x[:, 0] + x[:, 1] - 1) < np.abs(x[:, 0] - x[:, 1])
    return nearer.astype(np.float64)


def correlation(a: Floats, b: Floats) -> float | None:
    """Pearson's correlation of ``a`` and ``b`` (n,); None where one of them is constant."""
    if a.std() == 0 or b.std() == 0:
        return None
    return float(np.corrcoef(a, b)[0, 1])
